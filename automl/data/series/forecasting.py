"""A forecast made ready for a search: series on a regular grid, split by time, and cut into windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from automl.data import checks
from automl.data.given import Sources
from automl.data.preprocessing import Preprocessing
from automl.data.series.calendar import cycles_of
from automl.data.series.forecast_encoder import ForecastEncoder
from automl.data.series.long_rows import Layout
from automl.data.series.panel import Panel, panel_of
from automl.data.series.roles import layout_of
from automl.data.series.season import season_of
from automl.data.series.spans import Spans, spans_of, without_gaps
from automl.data.series.windows import MOST_BYTES, MOST_TRAINING, Windows, between, stride_of
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec
from automl.task import Array, Rows, TargetScale, Task

if TYPE_CHECKING:
    from automl.data.prepare import Prepared

_SPLITS = ("train", "validation", "test")
_LONGEST_LOOK_BACK = 336  # steps: two weeks of hours, as in Zeng et al., AAAI 2023, table 2
_NO_SEASON = 12  # steps ahead where nothing says how many


def prepare_forecast(sources: Sources, data: DataSpec, split: SplitSpec) -> Prepared:
    """The windows of the series in a table, ready for a search.

    Raises:
        DataError: what is wrong with the data, and what to do.
    """
    from automl.data.prepare import Prepared, split_id

    raw = sources.raw
    if raw.kind != "table":
        raise DataError(
            f"Forecasts are made from a table with a column of times, but {raw.name} is {raw.kind}."
        )
    layout, notes = layout_of(raw, data)
    _check_split(split, layout, sources)
    checks.finite(raw.frame.select(layout.numbers))
    panel, said = panel_of(raw.frame, layout, None, sources.part)
    panel, filled_in = without_gaps(panel, layout)
    notes = [*sources.notes, *notes, *said, *filled_in]
    encoder, spans, said = _fit(panel, layout, data, split)
    notes += said
    rows, said = _rows(encoder, spans, data)
    task = _task(encoder, spans)
    more = {name: getattr(encoder, name) for name in ("horizon", "look_back", "season")}
    roles = {"time": layout.time, "series": layout.series, "known": list(layout.known)}
    repeated = [
        np.repeat(part[: len(layout.targets)], encoder.horizon) for part in (encoder.mean, encoder.deviation)
    ]
    return Prepared(
        raw.name,
        task,
        Preprocessing(task, encoder).signature,
        rows["train"],
        rows["validation"],
        rows["test"],
        TargetScale(*(tuple(part.tolist()) for part in repeated)),
        Preprocessing(task, encoder),
        sources.fingerprint,
        split_id(split, sources, task, data.max_rows, **more, **roles),
        tuple(filter(None, [*notes, *said])),
    )


def _check_split(split: SplitSpec, layout: Layout, sources: Sources) -> None:
    if split.by is not None:
        raise DataError("A forecast is split by time, so that split.by has no meaning here; leave it out.")
    if split.time is not None and split.time != layout.time:
        raise DataError(
            f"A forecast is split by its time, {layout.time}, but split.time is {split.time}; leave it out."
        )
    if "validation" in sources.given and "test" not in sources.given:
        raise DataError(
            "Test steps come after those for validation, which are given as a file; give those for test as a "
            "file too, under split.test."
        )


def _fit(
    panel: Panel, layout: Layout, data: DataSpec, split: SplitSpec
) -> tuple[ForecastEncoder, Spans, list[str]]:
    notes = []
    lengths = np.array([len(track) for track in panel.values])
    usual = int(np.quantile(lengths, 0.1))  # nine of ten series are at least as long
    longest = panel.values[int(lengths.argmax())]
    shares = sum(s for s in (split.validation, split.test) if isinstance(s, float))
    season, how = season_of(panel.step, longest[: max(1, round((1 - shares) * len(longest))), 0])
    if data.season is not None:
        season, how = data.season, "as asked"
    notes.append(f"season: {season} steps, {how}" if season > 1 else f"no season, {how}")
    horizon = data.horizon
    if horizon is None:
        horizon = min(season if season > 1 else _NO_SEASON, max(1, usual // 10))
        notes.append(f"horizon: {horizon} steps; set data.horizon for another")
    look_back = data.look_back
    if look_back is None:
        room = [usual // 3, round((1 - shares) * usual) - 2 * horizon]
        look_back = max(1, min(_LONGEST_LOOK_BACK, max(4 * horizon, 7 * season), *room))
        notes.append(f"look_back: {look_back} steps")
    spans, said = spans_of(panel, split, look_back, horizon)
    training = spans.training()
    mean, deviation = _rounded(training.mean(axis=0)), training.std(axis=0)
    if not np.any(deviation[: len(layout.targets)] > 0):
        raise DataError(
            f"The target {', '.join(layout.targets)} has the same value in every training step; there is "
            "nothing to learn."
        )
    varies = deviation > 1e-12 * np.maximum(np.abs(mean), 1e-300)
    span = max(at[0] for at in spans.borders) * panel.step.microseconds
    encoder = ForecastEncoder(
        layout,
        panel.step,
        cycles_of(panel.step.microseconds, span),
        mean,
        _rounded(np.where(varies, deviation, 1.0)),
        horizon,
        look_back,
        season,
    )
    if encoder.cycles:
        notes.append(f"added of the calendar: {', '.join(encoder.cycles)}")
    return encoder, spans, [*notes, *said]


def _rows(encoder: ForecastEncoder, spans: Spans, data: DataSpec) -> tuple[dict[str, Rows], list[str]]:
    """The encoded windows of each split, and what is to be said."""
    starts = [(0, *at[:2]) for at in spans.borders]
    found = {
        name: between(
            [(low[i], at[i]) for low, at in zip(starts, spans.borders, strict=True)],
            encoder.look_back,
            encoder.horizon,
        )
        for i, name in enumerate(_SPLITS)
    }
    for name in _SPLITS:
        if len(found[name]) < (2 if name == "train" else 1):
            raise DataError(
                f"The split {name} has too few steps for {encoder.horizon} to be forecast in it. Set a shorter "
                "data.horizon, or give more steps."
            )
    notes = []
    n_all = sum(map(len, found.values()))
    most = min(MOST_BYTES // encoder.bytes_each, data.max_rows or n_all)
    stride = stride_of(n_all, most, encoder.season)
    found = {name: windows.every(stride) for name, windows in found.items()}
    own = stride_of(len(found["train"]), MOST_TRAINING, encoder.season)
    if own > 1:
        found["train"] = found["train"].every(own)
    if stride * own > 1:
        judged = f", and one of {stride} of the others" if stride > 1 else ""
        notes.append(
            f"one of {stride * own} windows of the training steps{judged}, so that they fit in memory"
        )
    channels = [
        encoder.channels(track, times)
        for track, times in zip(spans.panel.values, spans.panel.times, strict=True)
    ]
    offsets = np.cumsum([0, *map(len, spans.panel.values)])
    rows = {
        name: _encoded(encoder, spans.panel.values, channels, offsets, windows)
        for name, windows in found.items()
    }
    sizes = ", ".join(f"{len(rows[name])} {name}" for name in _SPLITS)
    series = f" of {len(spans.panel.values)} series" if len(spans.panel.values) > 1 else ""
    return rows, [*notes, f"windows{series}: {sizes}"]


def _encoded(
    encoder: ForecastEncoder, tracks: Sequence[Array], channels: list[Array], offsets: Array, windows: Windows
) -> Rows:
    index = offsets[windows.series] + windows.starts
    return Rows(encoder.inputs(channels, windows), encoder.target(tracks, windows), index, windows.blocks)


def _task(encoder: ForecastEncoder, spans: Spans) -> Task:
    """The task, with the scales that its metrics and baselines need, one value an output."""
    targets = encoder.layout.targets
    n = len(targets)
    seasons = (encoder.season, 1)
    errors = np.zeros(n)
    for season in seasons:  # a series that repeats itself exactly is measured by its steps
        parts = [track[: at[0], :n] for track, at in zip(spans.panel.values, spans.borders, strict=True)]
        steps = np.concatenate([np.abs(part[season:] - part[:-season]) for part in parts])
        errors = np.where(errors > 0, errors, steps.mean(axis=0) if len(steps) else 0.0)
    scales = {
        "naive_error": _rounded(np.where(errors > 0, errors, encoder.deviation[:n])),
        "deviation": encoder.deviation[:n],
        "mean": encoder.mean[:n],
    }
    repeated = {name: tuple(np.repeat(values, encoder.horizon).tolist()) for name, values in scales.items()}
    return Task("forecasting", ", ".join(targets), targets=targets, horizon=encoder.horizon, scales=repeated)


def _rounded(numbers: Array) -> tuple[float, ...]:
    """Six significant digits, so that they are the same on every machine."""
    return tuple(float(f"{number:.6g}") for number in numbers)
