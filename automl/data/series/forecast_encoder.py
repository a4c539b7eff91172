"""How the past of series, and what is known ahead, become what a network is fed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from automl.data import checks, values
from automl.data.raw import RawData
from automl.data.series.calendar import turns
from automl.data.series.long_rows import Layout, number_of
from automl.data.series.panel import Panel, filled, panel_of
from automl.data.series.regular import Step
from automl.data.series.windows import MOST_BYTES, Windows, between, cut, stride_of
from automl.errors import DataError, nearest
from automl.signature import Field
from automl.task import Array


@dataclass(frozen=True)
class ForecastEncoder:
    """``past`` float32 ``(rows, channels, look_back)`` and ``future`` ``(rows, n_known, horizon)``.

    The channels are the targets, what else is known of the past, and what is known ahead, at the end the
    cycles of the calendar as sine and cosine; `future` has those that are known ahead.

    Args:
        cycles: of the calendar; see `automl.data.series.calendar`.
        mean: of each numeric channel over the training steps.
        deviation: likewise.
    """

    layout: Layout
    step: Step
    cycles: tuple[str, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    horizon: int
    look_back: int
    season: int
    kind: ClassVar[str] = "forecast"

    @property
    def fields(self) -> Mapping[str, Field]:
        n_channels = len(self.mean) + 2 * len(self.cycles)
        n_known = len(self.layout.known) + 2 * len(self.cycles)
        fields = {"past": Field((n_channels, self.look_back))}
        return {**fields, "future": Field((n_known, self.horizon))} if n_known else fields

    @property
    def details(self) -> Mapping[str, int]:
        return {"horizon": self.horizon, "season": self.season}

    @property
    def options(self) -> Mapping[str, Any]:
        return {"horizon": self.horizon, "look_back": self.look_back, "time": self.layout.time}

    def encode(self, raw: RawData) -> dict[str, Array]:
        """The fields from which the next steps of each series are forecast, one row a series in their order.

        Raises:
            DataError: a series is shorter than `look_back`, or what is known ahead is not in the data.
        """
        panel = self._panel(raw)
        n_targets = len(self.layout.targets)
        ends = [_end(track[:, :n_targets]) for track in panel.values]
        short = [name for name, end in zip(panel.names, ends, strict=True) if end < self.look_back]
        if short:
            raise DataError(
                f"A forecast needs the last {self.look_back} steps of each series, but {len(short)} of "
                f"{len(panel)} have fewer{_named(short)}. Give more of their past."
            )
        tracks = []
        for name, end, times, track in zip(panel.names, ends, panel.times, panel.values, strict=True):
            ahead = self._known_ahead(name, track[end:])
            steps = panel.step.times(times[0].item(), end + self.horizon)[end - self.look_back :]
            past = filled(track[:end], self.mean)[end - self.look_back :]
            tracks.append(self.channels(np.concatenate([past, ahead]), steps))
        series = np.arange(len(panel))
        return self.inputs(tracks, Windows(series, np.full(len(panel), self.look_back), series))

    def ahead(self, raw: RawData) -> pl.DataFrame:
        """The series and the time of each step that `encode` gives the rows to forecast of, row by row.

        Its columns are named as those of the data; it has ``horizon`` rows for each row of `encode`.
        """
        panel = self._panel(raw)
        found = []
        for name, times, track in zip(panel.names, panel.times, panel.values, strict=True):
            end = _end(track[:, : len(self.layout.targets)])
            steps = panel.step.times(times[0].item(), end + self.horizon)[end:]
            column = pl.Series(self.layout.time, steps)
            column = column.cast(pl.Datetime("us")) if self.layout.is_time else column
            of_series = (
                [] if self.layout.series is None else [pl.Series(self.layout.series, [name] * self.horizon)]
            )
            found.append(pl.DataFrame([*of_series, column]))
        return pl.concat(found)

    def windows(self, raw: RawData) -> tuple[dict[str, Array], Array]:
        """The fields of every window in the data, and what came after each: ``(rows, n_outputs)``.

        Raises:
            DataError: no series is as long as `look_back` and `horizon` together.
        """
        panel = self._panel(raw)
        n_targets = len(self.layout.targets)
        ends = [_end(track[:, :n_targets]) for track in panel.values]
        found = between([(0, end) for end in ends], self.look_back, self.horizon)
        if len(found) == 0:
            raise DataError(
                f"To be judged, a series needs {self.look_back + self.horizon} steps (look_back and horizon), "
                f"but the longest has {max(ends)}. Give longer series."
            )
        found = found.every(stride_of(len(found), MOST_BYTES // self.bytes_each, self.season))
        tracks = [filled(track[:end], self.mean) for track, end in zip(panel.values, ends, strict=True)]
        channels = [
            self.channels(track, times[: len(track)])
            for track, times in zip(tracks, panel.times, strict=True)
        ]
        return self.inputs(channels, found), self.target(tracks, found)

    def channels(self, track: Array, times: Array) -> Array:
        """The channels of one series ``(steps, n_channels)`` float32, from numbers without gaps."""
        numbers = ((track - np.asarray(self.mean)) / np.asarray(self.deviation)).astype(np.float32)
        return np.concatenate([numbers, turns(times, self.cycles)], axis=1) if self.cycles else numbers

    def inputs(self, tracks: Sequence[Array], windows: Windows) -> dict[str, Array]:
        """The fields of some windows over the channels of the series."""
        fields = {"past": cut(tracks, windows.series, windows.starts - self.look_back, self.look_back)}
        if "future" in self.fields:
            n_unknown = len(self.layout.targets) + len(self.layout.past)
            known = [track[:, n_unknown:] for track in tracks]
            fields["future"] = cut(known, windows.series, windows.starts, self.horizon)
        return fields

    def target(self, tracks: Sequence[Array], windows: Windows) -> Array:
        """What comes in each window ``(rows, n_targets * horizon)`` float64, target by target."""
        own = [track[:, : len(self.layout.targets)] for track in tracks]
        return cut(own, windows.series, windows.starts, self.horizon).reshape(len(windows), -1)

    @property
    def bytes_each(self) -> int:
        """Of one window, with its target."""
        inputs = sum(4 * int(np.prod(field.shape)) for field in self.fields.values())
        return inputs + 8 * len(self.layout.targets) * self.horizon

    def schema(self) -> list[dict[str, Any]]:
        columns = [{"name": self.layout.time, "type": "time", "required": True, "step": self.step.describe()}]
        if self.layout.series is not None:
            columns.append({"name": self.layout.series, "type": "series", "required": True})
        roles = [(self.layout.targets, "target"), (self.layout.past, "past"), (self.layout.known, "known")]
        return columns + [
            {"name": name, "type": "number", "required": True, "role": role}
            for names, role in roles
            for name in names
        ]

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        return asdict(self), {}

    def _panel(self, raw: RawData) -> Panel:
        frame, layout = raw.frame, self.layout
        needed = [layout.time, *layout.numbers, *([] if layout.series is None else [layout.series])]
        for name in needed:
            if name not in frame.columns:
                raise DataError(
                    f"The data needs the column {name!r}, which training had, but does not have it; "
                    f"{nearest(name, frame.columns)}"
                )
        tidy, _ = values.tidy(frame.select(needed))
        numbers = [number_of(tidy[name]) for name in layout.numbers]
        for name, column in zip(layout.numbers, numbers, strict=True):
            bad = values.as_text(tidy[name]).filter(column.is_nan() & tidy[name].is_not_null())
            if len(bad):
                raise DataError(
                    f"The column {name} should hold numbers as in training, but {len(bad)} of its "
                    f"{len(column)} values are others, such as {bad[0]!r}. Correct them or leave them empty."
                )
        checks.finite(pl.DataFrame(numbers))
        return panel_of(tidy.with_columns(numbers), layout, self.step)[0]

    def _known_ahead(self, name: str, after: Array) -> Array:
        """The numbers of the next steps ``(horizon, n_numbers)``, 0 where they are not known ahead."""
        n_unknown = len(self.layout.targets) + len(self.layout.past)
        out = np.zeros((self.horizon, len(self.mean)))
        if not self.layout.known:
            return out
        known = after[: self.horizon, n_unknown:]
        n_known = int((~np.isnan(known).any(axis=1)).sum())
        if n_known < self.horizon:
            where = f" of the series {name}" if name else ""
            raise DataError(
                f"A forecast needs {', '.join(self.layout.known)} for the next {self.horizon} steps, but the "
                f"data has them for {n_known}{where}. Add rows for the steps ahead that hold them, with "
                f"{self.layout.targets[0]} left empty."
            )
        out[:, n_unknown:] = known
        return out


def _end(targets: Array) -> int:
    """The number of steps up to the last that has a target."""
    known = np.flatnonzero(~np.isnan(targets).all(axis=1))
    return int(known[-1]) + 1 if len(known) else 0


def _named(names: list[str]) -> str:
    if names == [""]:
        return ""
    return f": {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"
