"""Which columns of a table to forecast from are the time, the targets, and what helps."""

from __future__ import annotations

import numpy as np
import polars as pl

from automl.data import checks, values
from automl.data.raw import RawData
from automl.data.series.long_rows import Layout, number_of, time_form
from automl.data.series.panel import MOST_MISSING
from automl.data.tables import infer
from automl.errors import DataError, nearest
from automl.spec import DataSpec

_SHOWN = 10  # names in one note


def layout_of(raw: RawData, data: DataSpec) -> tuple[Layout, list[str]]:
    """The role of each column, as asked for or as it is found, and what is to be said.

    Raises:
        DataError: there is no time or no target, or one that is asked for is not what it should be.
    """
    frame = raw.frame
    for field in ("time", "series"):
        name = getattr(data, field)
        checks.known_columns(f"data.{field}", [] if name is None else [name], frame.columns)
    checks.known_columns("data.known", data.known, frame.columns)
    checks.known_columns("data.types", data.types, frame.columns)
    notes = []
    time = data.time
    if time is None:
        time = _time_column(frame, raw.name)
        notes.append(f"time: {time}, the only column of dates")
    form = time_form(frame[time])
    is_time = form is not None or frame[time].dtype in (pl.Date, pl.Datetime)
    rest = frame.drop([time, *([] if data.series is None else [data.series])])
    types = infer.infer(rest, data.types)
    usable = [name for name, found in types.items() if found.type in ("number", "boolean")]
    targets = _targets(raw, data, usable, [time, data.series])
    if data.target is None and raw.target is None:
        notes.append(f"targets: {_some(targets)}, as data.target names none")
    others = [name for name in rest.columns if name not in targets and name not in data.known]
    past = [name for name in others if name in usable]
    sparse = [name for name in past if _share_missing(frame[name]) > MOST_MISSING]
    past = [name for name in past if name not in sparse]
    aside = [
        f"{name} ({'too much is missing' if name in sparse else types[name].why or types[name].type})"
        for name in others
        if name not in past
    ]
    if past:
        notes.append(f"seen of the past alone: {_some(past)}; data.known names what is known ahead")
    if aside:
        notes.append(f"left out: {_some(aside)}")
    for name in [*targets, *data.known]:
        _check_numbers(frame[name], "target" if name in targets else "known column")
    return Layout(tuple(targets), tuple(past), tuple(data.known), time, form, is_time, data.series), notes


def _time_column(frame: pl.DataFrame, name: str) -> str:
    found = [
        column.name
        for column in frame.iter_columns()
        if column.dtype in (pl.Date, pl.Datetime) or time_form(column) is not None
    ]
    if len(found) == 1:
        return found[0]
    came = (
        f"has {len(found)} columns of dates ({', '.join(found[:3])})" if found else "has no column of dates"
    )
    raise DataError(
        f"To forecast, the data {name} needs one column with the time of each row, but it {came}. Name it under "
        "data.time; a column that numbers the steps will do."
    )


def _targets(raw: RawData, data: DataSpec, usable: list[str], taken: list[str | None]) -> list[str]:
    asked = data.target if data.target is not None else raw.target
    if asked is None:
        found = [name for name in usable if name not in data.known]
        if not found:
            raise DataError(
                f"The data {raw.name} has no column of numbers to forecast. Set data.target to the column, or "
                "give it the type number under data.types."
            )
        return found
    names = [asked] if isinstance(asked, str) else asked
    for name in names:
        if name not in raw.frame.columns:
            raise DataError(
                f"The data {raw.name} has no column {name!r} to be the target; {nearest(name, raw.frame.columns)}"
            )
        if name in taken or name in data.known:
            raise DataError(
                f"The target {name} is also given as the time, the series or a known column; a column has one role."
            )
    return list(names)


def _check_numbers(column: pl.Series, role: str) -> None:
    number = number_of(column)
    bad = values.as_text(column).filter(number.is_nan() & column.is_not_null())
    if len(bad):
        raise DataError(
            f"The {role} {column.name} should hold numbers to forecast with, but {len(bad)} of its {len(column)} "
            f"values are not, such as {bad[0]!r}. Correct them, or choose another column."
        )
    if number.is_nan().all():
        raise DataError(f"The {role} {column.name} is missing in every row; choose a column that has values.")


def _share_missing(column: pl.Series) -> float:
    return float(np.mean(np.isnan(number_of(column).to_numpy())))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
