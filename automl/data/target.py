"""The column to predict: found, its task inferred, and its values encoded."""

from __future__ import annotations

import numpy as np
import polars as pl

from automl.data import values
from automl.data.raw import RawData
from automl.errors import DataError, nearest
from automl.task import Array, Task, TaskKind

MAX_INTEGER_CLASSES = 20


def target_name(raw: RawData, asked: str | None) -> str:
    """The name of the target, as asked for or as the source has it.

    Raises:
        DataError: there is none, or none of that name.
    """
    name = asked if asked is not None else raw.target
    columns = raw.frame.columns
    if name is None:
        raise DataError(
            f"The data {raw.name} needs a target, the column to predict, but none is given. Set data.target "
            "(or "
            f"--target) to one of its columns: {_some(columns)}."
        )
    if name not in columns:
        raise DataError(
            f"The data {raw.name} has no column {name!r} to be the target; {nearest(name, columns)}"
        )
    return name


def _some(names: list[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def infer_task(column: pl.Series, asked: TaskKind | str) -> tuple[TaskKind, str]:
    """The kind of task for a target without missing values, and what is to be said about it.

    Raises:
        DataError: the target is a date, or is to be a number and is not.
    """
    if column.dtype in (pl.Date, pl.Datetime):
        raise DataError(
            f"The target {column.name} holds dates, but a class or a number is expected. Derive one of "
            "these from it."
        )
    if asked == "classification":
        return "classification", ""
    if asked == "regression":
        number = values.as_number(column)
        if number.null_count():
            bad = column.filter(number.is_null())
            raise DataError(
                f"The target {column.name} should be a number for regression, but {len(bad)} of its "
                f"{len(column)} "
                f"values are not, such as {str(bad[0])!r}. Correct them, or set task: classification."
            )
        return "regression", ""
    n_distinct = column.n_unique()
    if not column.dtype.is_numeric():
        return "classification", f"task: classification, as {column.name} is not a number"
    whole = bool((column == column.round()).all()) if column.dtype.is_float() else True
    if whole and n_distinct <= MAX_INTEGER_CLASSES and (n_distinct <= 2 or 5 * n_distinct <= len(column)):
        said = f"task: classification, as {column.name} has {n_distinct} whole numbers"
        return "classification", f"{said}; set task: regression otherwise"
    return "regression", f"task: regression, as {column.name} has {n_distinct} different numbers"


def classes_of(column: pl.Series) -> tuple[str, ...]:
    """The class names as text; in the order of the numbers where all are numbers.

    >>> classes_of(pl.Series([10, 9, 10])), classes_of(pl.Series(["b", "a"]))
    (('9', '10'), ('a', 'b'))
    """
    names = sorted(values.as_text(column).unique().to_list())
    numbers = values.as_number(pl.Series(names, dtype=pl.String))
    if numbers.null_count():
        return tuple(names)
    return tuple(name for _, name in sorted(zip(numbers.to_list(), names, strict=True)))


def encode_target(column: pl.Series, task: Task) -> Array:
    """Class codes, int64, or values, float64, ``(rows,)``.

    Raises:
        DataError: a missing value, a class that training never saw, or text where a number is expected.
    """
    if column.null_count():
        raise DataError(
            f"The target {task.target} is missing in {column.null_count()} of {len(column)} rows; leave "
            "these rows out."
        )
    if task.kind == "regression":
        infer_task(column, "regression")
        return values.as_number(column).to_numpy().astype(np.float64)
    names = pl.Series(task.classes, dtype=pl.String)
    are_numbers = values.as_text(values.as_number(names)).equals(names)
    text = values.like_trained(column, are_numbers)
    codes = text.replace_strict(names, pl.Series(range(len(names)), dtype=pl.Int64), default=None)
    unseen = text.filter(codes.is_null()).unique().sort().to_list()
    if unseen:
        shown = ", ".join(map(repr, unseen[:5])) + (" and others" if len(unseen) > 5 else "")
        raise DataError(
            f"The target {task.target} has {len(unseen)} class{'es' * (len(unseen) > 1)} that the training "
            "rows never "
            f"have: {shown}. Training has: {_some(list(task.classes))}. Leave these rows out, or train with "
            "them."
        )
    return codes.to_numpy().astype(np.int64)
