"""The rows of a long table: which series and time each belongs to, and the numbers in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from automl.data import values
from automl.errors import DataError
from automl.task import Array

_MONTHS = "%Y-%m"


@dataclass(frozen=True)
class Layout:
    """Which columns of a long table are what.

    Args:
        past: numbers that help to forecast and are not known ahead.
        known: numbers that are known ahead.
        form: the format of text dates.
        is_time: whether the time column holds dates, and not plain numbers.
        series: the column that says which series a row belongs to, if there are several.
    """

    targets: tuple[str, ...]
    past: tuple[str, ...]
    known: tuple[str, ...]
    time: str
    form: str | None
    is_time: bool
    series: str | None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns with numbers in the order of the channels."""
        return (*self.targets, *self.past, *self.known)


def time_form(column: pl.Series) -> str | None:
    """The format of a column of text dates, years with months among them, or None where it holds others."""
    if column.dtype != pl.String:
        return None
    known = column.drop_nulls()
    if len(known) and known.str.contains(r"^[0-9]{4}-(0[1-9]|1[0-2])$").all():
        return _MONTHS
    return values.time_format(column)


def times_of(frame: pl.DataFrame, layout: Layout) -> Array:
    """The time of each row ``(rows,)``: int64 microseconds since 1970, or float64 of plain numbers.

    Raises:
        DataError: one is missing, or of another form.
    """
    column = frame[layout.time]
    found = values.as_number(column)
    if layout.is_time:
        text, form = (column + "-01", "%Y-%m-%d") if layout.form == _MONTHS else (column, layout.form)
        found = values.as_time(text, form).dt.timestamp("us")
    if found.null_count():
        bad = values.as_text(column).filter(found.is_null() & column.is_not_null())
        came = f"are others, such as {bad[0]!r}" if len(bad) else "are missing"
        raise DataError(
            f"The time column {layout.time} should hold {'a date' if layout.is_time else 'a number'} in every "
            f"row, but {found.null_count()} of {len(found)} values {came}. Correct them, or leave these rows out."
        )
    return found.to_numpy()


def series_of(frame: pl.DataFrame, layout: Layout) -> tuple[Array, list[str]]:
    """The code of each row's series, and the names of the series in the order in which they come.

    Raises:
        DataError: a name is missing.
    """
    if layout.series is None:
        return np.zeros(frame.height, np.int64), [""]
    text = values.as_text(frame[layout.series])
    if text.null_count():
        raise DataError(
            f"The column {layout.series} should say which series each row belongs to, but is missing in "
            f"{text.null_count()} of {len(text)} rows. Fill it in, or leave these rows out."
        )
    names, first, codes = np.unique(text.to_numpy().astype(str), return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return rank[codes], [str(name) for name in names[np.argsort(first)]]


def number_of(column: pl.Series) -> pl.Series:
    """The values as float64, true and false as 1 and 0; what is neither becomes NaN."""
    if column.dtype == pl.String:
        lower = column.str.to_lowercase()
        column = lower.replace({"true": "1", "false": "0"})
    return values.as_number(column).cast(pl.Float64).fill_null(float("nan"))


def without_copies(
    codes: Array, times: Array, matrix: Array, names: Sequence[str], layout: Layout
) -> tuple[Array, int]:
    """Which of the rows, sorted, stay where a time comes again with the same values, and how many do not.

    Raises:
        DataError: a time comes again with other values.
    """
    again = np.zeros(len(codes), bool)
    again[1:] = (codes[1:] == codes[:-1]) & (times[1:] == times[:-1])
    other = np.flatnonzero(again)
    other = other[[not np.array_equal(matrix[i], matrix[i - 1], equal_nan=True) for i in other]]
    if len(other):
        at = other[0]
        where = f" of the series {names[codes[at]]}" if layout.series is not None else ""
        advice = (
            "Keep one row for each time of a series"
            if layout.series is not None
            else "Keep one row for each time, or name the column that tells series apart under data.series"
        )
        raise DataError(
            f"Each time in {layout.time} should come once in a series, but {len(other)} rows have a time that "
            f"another row has too, with other values, such as {shown(times[at], layout.is_time)}{where}. {advice}."
        )
    return ~again, int(again.sum())


def shown(time: int | float, is_time: bool) -> str:
    """A time for people."""
    return str(np.datetime64(int(time), "us").astype("datetime64[s]")) if is_time else f"{time:g}"
