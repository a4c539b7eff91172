"""Series without gaps, and where the splits of each begin: they follow one another in time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from automl.data.series.long_rows import Layout
from automl.data.series.panel import MOST_MISSING, Panel, filled
from automl.errors import DataError
from automl.spec import SplitSpec
from automl.task import Array


@dataclass(frozen=True)
class Spans:
    """Series with the borders of their splits.

    Args:
        panel: its values have no gaps.
        borders: the first step of validation, of test, and the number of steps, of each series.
    """

    panel: Panel
    borders: list[tuple[int, int, int]]

    def training(self) -> Array:
        """The training steps of all series, ``(steps, n_numbers)``."""
        return np.concatenate(
            [track[: at[0]] for track, at in zip(self.panel.values, self.borders, strict=True)]
        )


def spans_of(panel: Panel, split: SplitSpec, look_back: int, horizon: int) -> tuple[Spans, list[str]]:
    """The series that are long enough, with the borders of their splits, and what is to be said.

    Raises:
        DataError: none is long enough, or the steps of a file overlap with others.
    """
    borders = [_borders(part, split, horizon) for part in panel.parts]
    fits = [at[0] >= look_back + horizon for at in borders]
    short = [name for name, ok in zip(panel.names, fits, strict=True) if not ok]
    needed = f"{look_back + horizon} training steps (look_back {look_back} and horizon {horizon})"
    if len(short) == len(panel):
        raise DataError(
            f"A series needs at least {needed}, and {horizon} more each for validation and test, but the longest "
            f"has {max(map(len, panel.values))} steps in all. Set a shorter data.look_back or data.horizon, or "
            "give longer series."
        )
    notes = []
    if short:
        named = ", ".join(short[:3]) + (" and others" if len(short) > 3 else "")
        notes.append(f"left out {len(short)} of {len(panel)} series with fewer than {needed}: {named}")
    kept = [i for i, ok in enumerate(fits) if ok]
    panel = replace(
        panel,
        names=tuple(panel.names[i] for i in kept),
        times=tuple(panel.times[i] for i in kept),
        values=tuple(panel.values[i] for i in kept),
        parts=tuple(panel.parts[i] for i in kept),
    )
    return Spans(panel, [borders[i] for i in kept]), notes


def _borders(part: Array, split: SplitSpec, horizon: int) -> tuple[int, int, int]:
    """The first step of validation, the first of test, and the number of steps of one series.

    A split that is cut by share has at least `horizon` steps.

    Raises:
        DataError: the steps of a file lie before others that they should come after.
    """
    if np.any(np.diff(part) < 0):
        raise DataError(
            "In a forecast, the steps in the file for validation come after the training steps, and those for "
            "test after both, but they overlap in time. Give files that follow one another."
        )
    n_open, n_validation, n_test = (int((part == code).sum()) for code in (0, 1, 2))
    test = n_open + n_validation
    if n_test == 0:
        assert isinstance(split.test, float | int), split.test
        test = n_open - max(horizon, round(split.test * n_open))
    if n_validation:
        return n_open, test, len(part)
    assert isinstance(split.validation, float | int), split.validation
    return test - max(horizon, round(split.validation * n_open)), test, len(part)


def without_gaps(panel: Panel, layout: Layout) -> tuple[Panel, list[str]]:
    """The series from their first to their last step with a target, and how much was filled in.

    Raises:
        DataError: too much is missing in a target, or in what is known ahead.
    """
    n_targets = len(layout.targets)
    tracks, kept, n_outside = [], [], 0
    for i, track in enumerate(panel.values):
        known = np.flatnonzero(~np.isnan(track[:, :n_targets]).all(axis=1))
        kept.append(slice(known[0], known[-1] + 1) if len(known) else slice(0, 0))
        tracks.append(track[kept[i]])
        n_outside += len(track) - len(tracks[i])
    n_steps = sum(map(len, tracks))
    missing = np.array([np.isnan(track).sum(axis=0) for track in tracks]).sum(axis=0)
    for name, count in zip(layout.numbers, missing, strict=True):
        if count > MOST_MISSING * n_steps and name not in layout.past:
            raise DataError(
                f"A forecast needs a value of {name} at every step of {panel.step.describe()}, but {count} of "
                f"{n_steps} are missing, more than {MOST_MISSING:.0%}. Bring the rows to a longer step, leave "
                "the column out, or fill it in."
            )
    notes = [f"{panel.step.describe()} from step to step"]
    if n_outside:
        notes.append(f"left out {n_outside} steps at the ends of series, which have no target")
    if missing.any():
        counts = [f"{name} ({n})" for name, n in zip(layout.numbers, missing, strict=True) if n]
        more = f" and {len(counts) - 10} more" if len(counts) > 10 else ""
        notes.append(f"missing steps filled in from their neighbours: {', '.join(counts[:10])}{more}")
    times, parts = (
        tuple(array[at] for array, at in zip(arrays, kept, strict=True))
        for arrays in (panel.times, panel.parts)
    )
    return replace(panel, values=tuple(map(filled, tracks)), times=times, parts=parts), notes
