"""Times on a regular grid: the step between them, the place of each, and the times that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from automl.task import Array

DAY = 86_400_000_000  # microseconds
_NEAR = 1e-3  # of a step: so far may a time lie off its place
_LENGTHS = (("day", DAY), ("hour", DAY // 24), ("minute", DAY // 1440), ("second", 1_000_000))


@dataclass(frozen=True)
class Step:
    """The time from one step of a series to the next.

    Times are int64 microseconds since 1970, or float64 where the column holds plain numbers.

    Args:
        unit: ``number`` of the column itself, ``time`` in microseconds, ``weekday`` from Monday to
            Friday, or ``month`` of the calendar.
        size: how many of these.
    """

    unit: Literal["number", "time", "weekday", "month"]
    size: float

    def places(self, times: Array) -> Array:
        """How many steps each time lies after the first, ``(n,)`` float64: a whole number on the grid."""
        if self.unit == "weekday":
            days = times // DAY
            dates = days.astype("datetime64[D]")
            counts = np.busday_count(dates[:1], dates).astype(np.float64)
            off = (days * DAY - times != times[0] // DAY * DAY - times[0]) | ~np.is_busday(dates)
            return np.where(off, counts + 0.5, counts)
        if self.unit == "month":
            months = _months(times)
            return np.asarray((months - months[0]) / self.size)
        return np.asarray((times - times[0]) / self.size)

    def on_grid(self, times: Array) -> Array:
        """Whether each time has a place on the grid of the first, ``(n,)`` bool."""
        places = self.places(times)
        return np.asarray(np.abs(places - places.round()) < _NEAR)

    def times(self, first: int | float, n: int) -> Array:
        """The times of `n` steps, of which `first` is one and the first."""
        counts = np.arange(n)
        if self.unit == "number":
            return np.asarray(first + counts * self.size, np.float64)
        whole = int(first)
        if self.unit == "time":
            return np.asarray(whole + counts * int(self.size), np.int64)
        date = np.datetime64(whole // DAY, "D")
        if self.unit == "weekday":
            days = np.busday_offset(date, counts).astype(np.int64)
            return np.asarray(days * DAY + whole % DAY, np.int64)
        months = date.astype("datetime64[M]") + (counts * int(self.size)).astype("timedelta64[M]")
        ends = (months + 1).astype("datetime64[D]").astype(np.int64) - 1
        begins = months.astype("datetime64[D]").astype(np.int64)
        day = whole // DAY - begins[0]
        # What begins on the last day of a month goes on with the last days of months.
        days = ends if whole // DAY == ends[0] else np.minimum(begins + day, ends)
        return np.asarray(days * DAY + whole % DAY, np.int64)

    @property
    def microseconds(self) -> float:
        """About how long a step is; 0 where times are plain numbers."""
        lengths = {"number": 0.0, "time": 1.0, "weekday": 1.4 * DAY, "month": 30.4 * DAY}
        return self.size * lengths[self.unit]

    def describe(self) -> str:
        """The step in words.

        >>> Step("time", 3_600_000_000).describe(), Step("month", 3).describe()
        ('1 hour', '3 months')
        """
        size, name = self.size, str(self.unit) if self.unit != "number" else ""
        if self.unit == "time":
            name, length = next((pair for pair in _LENGTHS if size % pair[1] == 0), _LENGTHS[-1])
            size /= length
        return f"{size:g} {name}{'s' * (size != 1)}" if name else f"{size:g}"


def infer_step(series: Sequence[Array]) -> Step | None:
    """The step that rising times without duplicates have, or None where it is not regular.

    The most common difference is the step if every other one is a multiple of it; else times of which no
    two lie in one month, as the first or last day of each, have a step of months.
    """
    differences = np.concatenate([np.diff(times) for times in series])
    if len(differences) == 0:
        return None
    sizes, counts = np.unique(differences, return_counts=True)
    size = sizes[counts.argmax()]
    ratios = differences / size
    is_time = np.issubdtype(differences.dtype, np.integer)
    if np.all(np.abs(ratios - ratios.round()) < _NEAR):
        if not is_time:
            return Step("number", float(size))
        if size == DAY and all(_only_weekdays(times) for times in series):
            return Step("weekday", 1)
        return Step("time", int(size))
    if not is_time or size < 27 * DAY:
        return _rough(size, ratios, is_time)
    months = np.concatenate([np.diff(_months(times)) for times in series])
    sizes, counts = np.unique(months, return_counts=True)
    month = int(sizes[counts.argmax()])
    regular = month > 0 and np.all(months > 0) and np.all(months % month == 0)
    return Step("month", month) if regular else None


def _rough(size: int | float, ratios: Array, is_time: bool) -> Step | None:
    """The most common difference if most others are multiples, so that the odd ones can be named."""
    if np.mean(np.abs(ratios - ratios.round()) < _NEAR) < 0.5:
        return None
    return Step("time", int(size)) if is_time else Step("number", float(size))


def _months(times: Array) -> Array:
    return np.asarray(times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64))


def _only_weekdays(times: Array) -> bool:
    dates = (times // DAY).astype("datetime64[D]")
    return bool(len(dates) > 5 and np.is_busday(dates).all())
