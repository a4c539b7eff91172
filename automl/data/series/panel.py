"""The series of a long table, each on its regular grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from automl.data.series.long_rows import Layout, number_of, series_of, shown, times_of, without_copies
from automl.data.series.regular import Step, infer_step
from automl.errors import DataError
from automl.task import Array

MOST_MISSING = 0.05  # of the steps of a column, to be filled in
_SPARSEST = 20  # steps of the grid for each row, beyond which the gaps are not even counted out


@dataclass(frozen=True)
class Panel:
    """Series on regular grids, one entry a series in each tuple.

    Args:
        times: ``(steps,)``, as `Step` has them.
        values: ``(steps, n_numbers)`` float64, NaN where nothing is known.
        parts: ``(steps,)`` int8, as `automl.data.given.Sources`.
    """

    step: Step
    names: tuple[str, ...]
    times: tuple[Array, ...]
    values: tuple[Array, ...]
    parts: tuple[Array, ...]

    def __len__(self) -> int:
        return len(self.names)


def panel_of(
    frame: pl.DataFrame, layout: Layout, step: Step | None, part: Array | None = None
) -> tuple[Panel, list[str]]:
    """The series in the rows of a table, sorted by time, and what is to be said.

    Args:
        step: of training, or None to infer it.

    Raises:
        DataError: times are missing, come twice with other values, or lie at irregular steps.
    """
    times = times_of(frame, layout)
    codes, names = series_of(frame, layout)
    part = np.zeros(len(times), np.int8) if part is None else part
    matrix = np.stack([number_of(frame[name]).to_numpy() for name in layout.numbers], axis=1)
    order = np.lexsort((times, codes))
    notes = []
    if np.any(np.diff(times)[np.diff(codes) == 0] < 0):
        notes.append(f"rows sorted by {layout.time}")
    codes, times, matrix, part = codes[order], times[order], matrix[order], part[order]
    kept, n_copies = without_copies(codes, times, matrix, names, layout)
    if n_copies:
        notes.append(f"left out {n_copies} rows that say the same as another of their time")
    codes, times, matrix, part = codes[kept], times[kept], matrix[kept], part[kept]
    borders = np.flatnonzero(np.diff(codes)) + 1
    tracks = np.split(times, borders)
    step = infer_step(tracks) if step is None else step
    _regular(tracks, step, layout)
    assert step is not None
    grids = [
        _on_grid(step, *track)
        for track in zip(tracks, np.split(matrix, borders), np.split(part, borders), strict=True)
    ]
    found = tuple(names[codes[at]] for at in np.concatenate([[0], borders]))
    by_field = tuple(zip(*grids, strict=True))
    return Panel(step, found, by_field[0], by_field[1], by_field[2]), notes


def _regular(tracks: Sequence[Array], step: Step | None, layout: Layout) -> None:
    if step is None and max(map(len, tracks)) < 2:
        raise DataError(
            f"A series needs several rows to be forecast, but each has one here. Check data.time "
            f"({layout.time}) and data.series ({layout.series})."
        )
    off = None if step is None else [np.flatnonzero(~step.on_grid(track)) for track in tracks]
    if off is not None and not any(map(len, off)):
        return
    which = "steps of no one length"
    if step is not None and off is not None:
        i = next(i for i, places in enumerate(off) if len(places))
        example = shown(tracks[i][off[i][0]], layout.is_time)
        which = f"{sum(map(len, off))} rows off the step of {step.describe()}, such as {example}"
    raise DataError(
        f"Forecasting needs times at regular steps, but {layout.time} has {which}. Bring the rows to one step "
        "first, for example by the mean of each hour or day."
    )


def _on_grid(step: Step, times: Array, matrix: Array, part: Array) -> tuple[Array, Array, Array]:
    places = step.places(times).round().astype(np.int64)
    n = int(places[-1]) + 1
    if n > _SPARSEST * len(places) + 1000:
        raise DataError(
            f"The times should be at steps of {step.describe()}, but of {n} steps between the first and the "
            f"last only {len(places)} have a row. Correct the times, or bring the rows to a longer step."
        )
    out = np.full((n, matrix.shape[1]), np.nan)
    out[places] = matrix
    # A step between two rows belongs to the part of the row after it.
    parts = part[np.searchsorted(places, np.arange(n))]
    return step.times(times[0].item(), n), out, parts


def filled(track: Array, otherwise: Sequence[float] | None = None) -> Array:
    """The values of one series ``(steps, n)`` without gaps: between its neighbours each lies on a line.

    Args:
        otherwise: of each column, where nothing of it is known; 0 where it is left out.

    >>> filled(np.array([[1.0], [np.nan], [3.0], [np.nan]])).ravel().tolist()
    [1.0, 2.0, 3.0, 3.0]
    """
    out = track.copy()
    places = np.arange(len(track))
    for i, column in enumerate(out.T):
        missing = np.isnan(column)
        if missing.any() and not missing.all():
            column[missing] = np.interp(places[missing], places[~missing], column[~missing])
        elif missing.all():
            column[:] = 0.0 if otherwise is None else otherwise[i]
    return out
