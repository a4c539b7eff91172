"""Values as they come turned into text, numbers and times of one form, with one idea of what is missing."""

from __future__ import annotations

import polars as pl

MISSING = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL")
_LARGEST_WHOLE = 2.0**53  # above it, not every whole number is a float

# The longest first where one is the beginning of another; day before month only where a month cannot be.
TIME_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S%.fZ",
)


def tidy(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The frame with text stripped and what is missing as null, and the columns that hold no plain values."""
    kept: list[pl.Series] = []
    nested: list[str] = []
    for column in frame.iter_columns():
        dtype = column.dtype
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
            nested.append(column.name)
        elif dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null):
            kept.append(_tidy_text(column.cast(pl.String)))
        elif dtype == pl.Boolean or dtype.is_integer() or dtype in (pl.Date, pl.Datetime):
            kept.append(column)
        elif dtype in (pl.Duration, pl.Time):
            unit = 1e9 if dtype == pl.Time else {"ns": 1e9, "us": 1e6, "ms": 1e3}[str(dtype.time_unit)]  # type: ignore[attr-defined]
            kept.append(column.cast(pl.Int64).cast(pl.Float64) / unit)  # seconds
        else:
            kept.append(column.cast(pl.Float64).fill_nan(None))
    return pl.DataFrame(kept), nested


def _tidy_text(column: pl.Series) -> pl.Series:
    stripped = column.str.strip_chars()
    return stripped.set(stripped.is_in(MISSING).fill_null(False), None)


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """A tidy frame of text in which columns of numbers, or of true and false, have become such.

    Text with leading zeros (``007``) and whole numbers of more digits than 64 bits hold stay text.
    """
    return pl.DataFrame([_typed(column) for column in frame.iter_columns()])


def _typed(column: pl.Series) -> pl.Series:
    present = column.drop_nulls()
    if column.dtype != pl.String or present.is_empty():
        return column
    if present.str.to_lowercase().is_in(("true", "false")).all():
        return column.str.to_lowercase() == "true"
    number = column.cast(pl.Float64, strict=False)
    if number.null_count() > column.null_count() or present.str.contains(r"^[+-]?0[0-9]").any():
        return column
    if present.str.contains(r"^[+-]?[0-9]+$").all():
        whole = column.str.strip_prefix("+").cast(pl.Int64, strict=False)
        return whole if whole.null_count() == column.null_count() else column
    return number


def as_text(column: pl.Series) -> pl.Series:
    """The values as text; a whole number has no decimal point, whatever its type."""
    if column.dtype == pl.String:
        return column
    if not column.dtype.is_float():
        return column.cast(pl.String)
    whole = (column == column.round()) & (column.abs() < _LARGEST_WHOLE)
    text = column.set(~whole.fill_null(False), None).cast(pl.Int64).cast(pl.String)
    return pl.select(pl.coalesce(pl.lit(text), pl.lit(column.cast(pl.String)))).to_series().alias(column.name)


def as_number(column: pl.Series) -> pl.Series:
    """The values as float64; what is not a number becomes null."""
    if column.dtype in (pl.Date, pl.Datetime):
        return column.cast(pl.Datetime("us")).dt.timestamp("ms").cast(pl.Float64) / 86_400_000  # days
    return column.cast(pl.Float64, strict=False).fill_nan(None)


def like_trained(column: pl.Series, trained_on_numbers: bool) -> pl.Series:
    """The values as text of the form that training saw: of numbers, ``7``, ``7.0`` and ``" 7"`` are one."""
    if trained_on_numbers and column.dtype == pl.String:
        number = as_text(as_number(column))
        return pl.select(pl.coalesce(pl.lit(number), pl.lit(column))).to_series()
    return as_text(column)


def time_format(column: pl.Series) -> str | None:
    """The format that every value of a text column has, or None; the values are tidy."""
    present = column.drop_nulls().unique()
    if (
        present.is_empty()
        or not present.head(20).str.contains(r"^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}").all()
    ):
        return None
    for form in TIME_FORMATS:
        if present.str.to_datetime(form, strict=False).null_count() == 0:
            return form
    return None


def as_time(column: pl.Series, form: str | None) -> pl.Series:
    """The values as times without a zone; what has neither `form` nor a known one becomes null."""
    if column.dtype in (pl.Date, pl.Datetime):
        return column.cast(pl.Datetime("us"))
    text = as_text(column)
    form = form if form is not None else time_format(text)
    if form is None:
        return pl.Series(column.name, [None] * len(column), pl.Datetime("us"))
    times = text.str.to_datetime(form, strict=False, time_unit="us")
    if times.null_count() > text.null_count():
        other = time_format(text)
        return times if other is None else text.str.to_datetime(other, strict=False, time_unit="us")
    return times
