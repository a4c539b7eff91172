"""Spans of time on an axis, in the unit that they read best in."""

from __future__ import annotations

import polars as pl

_UNITS = ((2.0, 1 / 60, "seconds"), (180.0, 1.0, "minutes"), (72 * 60.0, 60.0, "hours"))
_LAST = (24 * 60.0, "days")


def span(minutes: pl.Series) -> tuple[pl.Expr, str]:
    """The column ``minute`` in a unit that fits its largest value, and the name of that unit.

    >>> span(pl.Series([0.0, 400.0]))[1]
    'hours'
    """
    longest = float(str(minutes.max() or 0.0))
    for most, size, name in _UNITS:
        if longest <= most:
            return pl.col("minute") / size, name
    size, name = _LAST
    return pl.col("minute") / size, name
