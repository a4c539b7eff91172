"""Series out of tables: one in each row (wide), or one in the rows of each name (long)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from automl.data import values
from automl.data.files.naming import some
from automl.data.ragged import Ragged
from automl.data.raw import RawData
from automl.data.series.long_rows import Layout, number_of, series_of, time_form, times_of, without_copies
from automl.data.tables import infer
from automl.errors import DataError, nearest
from automl.spec import DataSpec
from automl.task import Array

_PLACE = "place among the rows"  # stands in for a time column where there is none


def is_long(frame: pl.DataFrame, data: DataSpec) -> bool:
    """Whether the rows with one name are the steps of a series; else each row is a series."""
    if data.series is None:
        return False
    return data.time is not None or frame[data.series].n_unique() < frame.height


def from_wide(raw: RawData, targets: Sequence[str], data: DataSpec) -> tuple[RawData, str]:
    """The numeric columns in their order as the steps of a series, row by row.

    Raises:
        DataError: fewer than two columns hold numbers.
    """
    frame = raw.frame
    found = infer.infer(frame.drop([name for name in targets if name in frame]), data.types)
    steps = [name for name in found if name != data.series and _is_step(frame[name], found[name])]
    if len(steps) < 2:
        raise DataError(
            f"With data.kind: series each row of {raw.name} is a series, whose steps are the columns of numbers, but "
            f"{len(steps)} of its columns {'is' if len(steps) == 1 else 'are'}. For one row a step, name the "
            "column that tells series apart under data.series."
        )
    aside = [name for name in found if name not in steps]
    said = f"each row is a series of {len(steps)} steps, from {steps[0]} to {steps[-1]}"
    said += f"; left aside: {some(aside)}" if aside else ""
    return _with_values(raw, wide_values(frame, steps), frame.drop(steps), steps), said


def _is_step(column: pl.Series, found: infer.Inferred) -> bool:
    """Whether it holds numbers; a step may well be the same in every series."""
    return found.type == "number" or (found.why == "constant" and column.dtype.is_numeric())


def wide_values(frame: pl.DataFrame, steps: Sequence[str]) -> Ragged:
    """The series of each row, ``(steps, 1)``, NaN where a value is missing.

    Raises:
        DataError: a column is not there.
    """
    _need(steps, frame)
    matrix = np.stack([_numbers(frame[name]) for name in steps], axis=1)
    offsets = np.arange(len(matrix) + 1, dtype=np.int64) * len(steps)
    return Ragged(matrix.reshape(-1, 1).astype(np.float32), offsets)


def from_long(raw: RawData, targets: Sequence[str], data: DataSpec) -> tuple[RawData, str]:
    """The series in the rows of each name, sorted by time; its columns of numbers are the channels.

    Raises:
        DataError: a target changes within a series, or a time comes twice with other values.
    """
    frame = raw.frame
    assert data.series is not None
    rest = frame.drop([name for name in (*targets, data.series, data.time) if name in frame.columns])
    found = infer.infer(rest, data.types)
    numbers = [name for name, one in found.items() if one.type == "number"]
    still = [name for name in numbers if _changes(frame, name, data.series) == 0]
    channels = [name for name in numbers if name not in still]
    if not channels:
        raise DataError(
            f"With data.series: {data.series} the columns of numbers that change from row to row are the channels "
            f"of the series, but {raw.name} has none. Check data.series, or leave it out."
        )
    changing = [(name, _changes(frame, name, data.series)) for name in targets]
    for name, count in changing:
        if count:
            raise DataError(
                f"The target {name} must be the same in all rows of a series, but changes within {count} of the "
                f"{frame[data.series].n_unique()} series that {data.series} tells apart. Choose another target, or "
                "set task: forecasting to forecast it."
            )
    form = None if data.time is None else time_form(frame[data.time])
    ragged, own = long_values(frame, channels, data.series, data.time, form)
    aside = [name for name in frame.columns if name not in (*channels, data.time, data.series, *targets)]
    said = f"{len(ragged)} series of {', '.join(channels[:10])}{' and others' * (len(channels) > 10)}"
    said += f"; left aside: {some(aside)}" if aside else ""
    return _with_values(raw, ragged, own, channels), said


def long_values(
    frame: pl.DataFrame, channels: Sequence[str], series: str, time: str | None, form: str | None
) -> tuple[Ragged, pl.DataFrame]:
    """The series ``(steps, channels)`` in the order in which they come, and what else stands in their first rows.

    Args:
        form: the format of text dates.

    Raises:
        DataError: a column is not there, or times are missing or come twice with other values.
    """
    _need([*channels, series, *([] if time is None else [time])], frame)
    if time is None:
        frame = frame.with_columns(pl.Series(_PLACE, np.arange(frame.height)))
    column = frame[time or _PLACE]
    form = time_form(column) if form is None else form
    is_time = form is not None or column.dtype in (pl.Date, pl.Datetime)
    layout = Layout(tuple(channels), (), (), column.name, form, is_time, series)
    times, (codes, names) = times_of(frame, layout), series_of(frame, layout)
    matrix = np.stack([_numbers(frame[name]) for name in channels], axis=1).astype(np.float32)
    order = np.lexsort((times, codes))
    kept, _ = without_copies(codes[order], times[order], matrix[order], names, layout)
    order = order[kept]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(codes[order], minlength=len(names)))])
    _, first = np.unique(codes, return_index=True)
    own = frame.drop([name for name in (*channels, column.name) if name in frame.columns])
    return Ragged(matrix[order], offsets.astype(np.int64)), own[first]


def first_rows(frame: pl.DataFrame, series: str, part: Array) -> Array:
    """The first row of each series, in the order in which `from_long` gives the series.

    Args:
        part: ``(rows,)`` the split that a file gives each row to; see `automl.data.given.Sources`.

    Raises:
        DataError: a series has rows in several splits.
    """
    codes, names = series_of(frame, Layout((), (), (), "", None, False, series))
    _, first = np.unique(codes, return_index=True)
    shared = [names[code] for code in np.unique(codes[part != part[first][codes]])]
    if shared:
        raise DataError(
            f"A series should lie in one split, but {len(shared)} of {len(names)} have rows in several of the files "
            f"that are given: {some(shared)}. Give different series different names in {series}."
        )
    return first


def _with_values(raw: RawData, ragged: Ragged, frame: pl.DataFrame, names: Sequence[str]) -> RawData:
    """The rows as series; `details` has the place of each column that a step or a channel comes from."""
    places = {name: place for place, name in enumerate(names)}
    if not frame.columns:
        frame = pl.DataFrame({"row": np.arange(len(ragged))})
    return RawData(
        raw.name, "series", frame, ragged, None, raw.notes, raw.target, content=raw.content, details=places
    )


def _changes(frame: pl.DataFrame, name: str, series: str) -> int:
    """Within how many series a column has several values."""
    counts = frame.group_by(series).agg(pl.col(name).drop_nulls().n_unique())
    return int((counts[name] > 1).sum())


def _numbers(column: pl.Series) -> Array:
    number = number_of(column)
    bad = values.as_text(column).filter(number.is_nan() & column.is_not_null())
    if len(bad) > 0.05 * len(column):  # some text among numbers is a way to write that they are missing
        raise DataError(
            f"The column {column.name} should hold the numbers of series, but {len(bad)} of its {len(column)} values "
            f"are others, such as {bad[0]!r}. Correct them or leave them empty."
        )
    if number.is_infinite().any():
        raise DataError(f"The column {column.name} holds infinite values; expected finite numbers or none.")
    return number.to_numpy()


def _need(names: Sequence[str], frame: pl.DataFrame) -> None:
    lacking = [name for name in names if name not in frame.columns]
    if lacking:
        raise DataError(
            f"The series need the column {lacking[0]!r}, which training had, but the data does not have it; "
            f"{nearest(lacking[0], frame.columns)}"
            + (f" Also missing: {', '.join(lacking[1:6])}." if lacking[1:] else "")
        )
