"""What a calendar says of times: the hour, the weekday, the day of the month and the month, as points on a circle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from automl.data.series.regular import DAY
from automl.task import Array

_LENGTHS = {"hour": DAY, "weekday": 7 * DAY, "day": 30.4 * DAY, "month": 365.25 * DAY}  # of one turn
_FEWEST_TURNS = 2  # in training: what turns up once cannot be told from what only happened then


def cycles_of(step: float, span: float) -> tuple[str, ...]:
    """The cycles that go round more slowly than the step and have gone round in the span.

    Args:
        step: microseconds from one step to the next; 0 where times are plain numbers, without a calendar.
        span: microseconds that the training series cover.

    >>> cycles_of(DAY / 24, 100 * DAY), cycles_of(30.4 * DAY, 3660 * DAY), cycles_of(0, 0)
    (('hour', 'weekday', 'day'), ('month',), ())
    """
    if step == 0:
        return ()
    fitting = (2 * step <= length and _FEWEST_TURNS * length <= span for length in _LENGTHS.values())
    return tuple(name for name, fits in zip(_LENGTHS, fitting, strict=True) if fits)


def turns(times: Array, cycles: Sequence[str]) -> Array:
    """Sine and cosine of the place in each cycle, ``(n, 2 * n_cycles)`` float32.

    Args:
        times: ``(n,)`` int64 microseconds since 1970.
    """
    out = np.empty((len(times), 2 * len(cycles)), np.float32)
    dates = times.astype("datetime64[us]")
    for i, name in enumerate(cycles):
        angle = 2 * np.pi * _share(dates, name)
        out[:, 2 * i], out[:, 2 * i + 1] = np.sin(angle), np.cos(angle)
    return out


def _share(dates: Array, name: str) -> Array:
    """How much of one turn has passed, from 0 to 1."""
    days = dates.astype("datetime64[D]")
    if name == "hour":
        return np.asarray((dates - days).astype(np.int64) / DAY)
    if name == "weekday":
        return np.asarray(((days.astype(np.int64) + 3) % 7) / 7)  # 1 January 1970 was a Thursday
    months = dates.astype("datetime64[M]")
    if name == "day":
        return np.asarray((days - months.astype("datetime64[D]")).astype(np.int64) / 31)
    assert name == "month", name
    return np.asarray(months.astype(np.int64) % 12 / 12)
