"""After how many steps a series repeats itself: by its calendar, else by its autocorrelation."""

from __future__ import annotations

import numpy as np

from automl.data.series.regular import DAY, Step
from automl.task import Array

_LONGEST = 400  # steps that autocorrelation is looked at over
_CLEAR = 0.3  # an autocorrelation that a season must have
_MOST_OF_A_DAY = 288  # steps of 5 minutes; with shorter steps the hour is the season, or the minute


def season_of(step: Step, longest: Array) -> tuple[int, str]:
    """The season in steps, 1 where there is none, and how it was found.

    Args:
        longest: ``(n,)`` training values of the first target in the longest series.

    >>> season_of(Step("time", DAY // 24), np.arange(100.0)), season_of(Step("month", 1), np.arange(9.0))
    ((24, 'from the step of 1 hour'), (1, 'as the series are too short for one of 12'))
    """
    season, how = _by_calendar(step), f"from the step of {step.describe()}"
    if season is None:
        season, how = _by_autocorrelation(longest), "by autocorrelation"
    if 3 * season > len(longest):
        return 1, f"as the series are too short for one of {season}"
    return season, how


def _by_calendar(step: Step) -> int | None:
    if step.unit == "weekday":
        return 5
    if step.unit == "month":
        return 12 // int(step.size) if 12 % step.size == 0 else 1
    if step.unit == "number":
        return None
    for length in (DAY, DAY // 24, DAY // 1440):
        count, rest = divmod(length, int(step.size))
        if rest == 0 and 1 < count <= _MOST_OF_A_DAY:
            return int(count)
    return {1: 7, 7: 52, 28: 13, 365: 1, 366: 1}.get(int(step.size) // DAY)


def _by_autocorrelation(values: Array) -> int:
    """The highest peak of the autocorrelation of what a linear trend leaves over, if it is clear."""
    n = len(values)
    most = min(_LONGEST, n // 3)
    if most < 3:
        return 1
    places = np.arange(n)
    rest = values - np.polyval(np.polyfit(places, values, 1), places)
    power = float(rest @ rest)
    if not power > 0:
        return 1
    found = np.array([rest[: n - lag] @ rest[lag:] / power for lag in range(most + 1)])
    inside = found[1:-1]
    peaks = np.flatnonzero((inside > found[:-2]) & (inside >= found[2:]) & (inside > _CLEAR)) + 1
    peaks = peaks[peaks > 1]
    return int(peaks[found[peaks].argmax()]) if len(peaks) else 1
