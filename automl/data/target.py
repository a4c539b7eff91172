"""The columns to predict: found, their task inferred, and their values encoded."""

from __future__ import annotations

from typing import cast

import numpy as np
import polars as pl

from automl.data import values
from automl.data.raw import RawData
from automl.data.tables.columns import BooleanColumn
from automl.errors import DataError, nearest
from automl.spec import DataSpec
from automl.task import Array, Task, TaskKind

MAX_INTEGER_CLASSES = 20


def target_names(raw: RawData, asked: str | list[str] | None, task: TaskKind | str) -> list[str]:
    """The names of the targets, as asked for or as the source has them; none where none is needed.

    Raises:
        DataError: there is none, or none of that name.
    """
    columns = raw.frame.columns
    names = [asked] if isinstance(asked, str) else asked
    if names is None:
        if raw.target is not None:
            return [raw.target]
        if task == "generation":
            return []
        if columns == ["file"]:
            raise DataError(
                f"The files of {raw.name} have no labels. Sort them into one folder a class, or put a "
                "metadata.csv with the columns file_name and label beside them."
            )
        raise DataError(
            f"The data {raw.name} needs a target, the column to predict, but none is given. Set data.target "
            f"(or --target) to one of its columns: {_some(columns)}."
        )
    for name in names:
        if name not in columns:
            raise DataError(
                f"The data {raw.name} has no column {name!r} to be the target; {nearest(name, columns)}"
            )
    return names


def _some(names: list[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def infer_task(frame: pl.DataFrame, targets: list[str], asked: TaskKind | str) -> tuple[TaskKind, str]:
    """The kind of task for targets without missing values, and what is to be said about it.

    Raises:
        DataError: a target is a date, or is to be a number and is not.
    """
    for name in targets:
        if frame[name].dtype in (pl.Date, pl.Datetime):
            raise DataError(
                f"The target {name} holds dates, but a class or a number is expected. Derive one of "
                "these from it."
            )
    if asked in ("regression", "quantile"):
        for name in targets:
            _numbers(frame[name])
        if asked == "quantile" and len(targets) > 1:
            raise DataError(f"task: quantile takes one target, but got {len(targets)}: {_some(targets)}.")
    elif asked in ("classification", "anomaly", "representation", "generation") and len(targets) > 1:
        raise DataError(f"task: {asked} takes one target, but got {len(targets)}: {_some(targets)}.")
    if asked != "auto":
        return cast(TaskKind, asked), ""
    return _infer_one(frame[targets[0]]) if len(targets) == 1 else _infer_several(frame, targets)


def _infer_one(column: pl.Series) -> tuple[TaskKind, str]:
    n_distinct = column.n_unique()
    if not column.dtype.is_numeric():
        return "classification", f"task: classification, as {column.name} is not a number"
    whole = bool((column == column.round()).all()) if column.dtype.is_float() else True
    if whole and n_distinct <= MAX_INTEGER_CLASSES and (n_distinct <= 2 or 5 * n_distinct <= len(column)):
        said = f"task: classification, as {column.name} has {n_distinct} whole numbers"
        return "classification", f"{said}; set task: regression otherwise"
    return "regression", f"task: regression, as {column.name} has {n_distinct} different numbers"


def _infer_several(frame: pl.DataFrame, targets: list[str]) -> tuple[TaskKind, str]:
    if all(_yes_or_no(frame[name]).null_count() == 0 for name in targets):
        return "multilabel", f"task: multilabel, as {_some(targets)} say yes or no"
    for name in targets:
        _numbers(frame[name])
    return "regression", f"task: regression of {len(targets)} numbers"


def _numbers(column: pl.Series) -> pl.Series:
    number = values.as_number(column)
    if number.null_count() > column.null_count():
        bad = column.filter(number.is_null() & column.is_not_null())
        raise DataError(
            f"The target {column.name} should be a number for regression, but {len(bad)} of its "
            f"{len(column)} "
            f"values are not, such as {str(bad[0])!r}. Correct them, or set task: classification."
        )
    return number


def _yes_or_no(column: pl.Series) -> pl.Series:
    """1 and 0 where the column says yes and no in any usual way, else null."""
    text = values.as_text(column).str.to_lowercase()
    yes, no = (text.is_in(words).fill_null(False) for words in (BooleanColumn.true, BooleanColumn.false))
    return yes.cast(pl.Int64).set(~(yes | no), None)


def task_of(frame: pl.DataFrame, targets: list[str], kind: TaskKind, data: DataSpec) -> tuple[Task, str]:
    """The task that rows describe, all of them or the training rows, and what is to be said.

    Raises:
        DataError: there is nothing to tell apart.
    """
    name = ", ".join(targets)
    if kind == "multilabel":
        if len(targets) > 1:
            return Task(kind, name, tuple(targets), tuple(targets)), ""
        return Task(kind, name, _labels_of(frame[name])), ""
    if kind == "anomaly":
        return _anomaly(frame[name])
    if kind in ("classification", "representation"):
        return Task(kind, name, classes_of(frame[name])), ""
    if kind == "quantile":
        return Task(kind, name, scales={"levels": tuple(data.levels)}), ""
    return Task(kind, name, targets=tuple(targets) if len(targets) > 1 else ()), ""


def _anomaly(column: pl.Series) -> tuple[Task, str]:
    classes = classes_of(column)
    if len(classes) != 2:
        raise DataError(
            f"task: anomaly needs a target of two values, usual and anomalous, to be judged by, but "
            f"{column.name} has {len(classes)}: {_some(list(classes))}."
        )
    if set(classes) == {"0", "1"}:
        return Task("anomaly", column.name, ("0", "1")), ""
    counts = values.as_text(column).value_counts().sort("count", descending=True)
    usual, rare = counts.to_series(0).to_list()
    said = f"{rare!r} of {column.name} is taken for the anomaly, as it is rarer than {usual!r}"
    return Task("anomaly", column.name, (usual, rare)), said


def _labels_of(column: pl.Series) -> tuple[str, ...]:
    lists = _label_lists(column)
    return classes_of(lists.explode().drop_nulls().alias(column.name))


def _label_lists(column: pl.Series) -> pl.Series:
    """The labels of each row, which ``|``, ``;`` or ``,`` part, as lists of text."""
    parted = values.as_text(column).fill_null("").str.replace_all(r"[|;]", ",").str.split(",")
    return parted.list.eval(pl.element().str.strip_chars().replace("", None)).list.drop_nulls()


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


def encode_target(frame: pl.DataFrame, task: Task) -> Array:
    """The targets in the form of `Rows.target`; not for generation, which has none.

    Raises:
        DataError: a column or value is missing, a class that training never saw, or text where a number
            is expected.
    """
    tidy = _tidy_columns(frame, task)
    if task.kind == "multilabel":
        return _encode_labels(tidy, task)
    if task.kind in ("regression", "quantile"):
        numbers = [_numbers(column).to_numpy().astype(np.float64) for column in tidy]
        return numbers[0] if len(numbers) == 1 else np.stack(numbers, axis=1)
    return _encode_classes(tidy[0], task)


def _tidy_columns(frame: pl.DataFrame, task: Task) -> list[pl.Series]:
    for name in task.columns:
        if name not in frame.columns:
            hint = nearest(name, frame.columns)
            raise DataError(f"The data has no column {name!r}, the target of training; {hint}")
    tidy, nested = values.tidy(frame.select(task.columns))
    if nested:
        raise DataError(f"The target {nested[0]} should hold plain values, but it holds lists or bytes.")
    for column in tidy.iter_columns():
        if column.null_count() and not (task.kind == "multilabel" and not task.targets):
            raise DataError(
                f"The target {column.name} is missing in {column.null_count()} of {len(column)} rows; leave "
                "these rows out."
            )
    return list(tidy.iter_columns())


def _encode_labels(columns: list[pl.Series], task: Task) -> Array:
    if task.targets:
        answers = [_yes_or_no(column) for column in columns]
        for column, answer in zip(columns, answers, strict=True):
            if answer.null_count():
                raise DataError(
                    f"The label {column.name} should say yes or no (1 or 0, true or false), but holds "
                    f"{str(column.filter(answer.is_null())[0])!r}."
                )
        return np.stack([answer.to_numpy() for answer in answers], axis=1)
    place = {name: i for i, name in enumerate(task.classes)}
    out = np.zeros((len(columns[0]), len(place)), np.int64)
    unseen: dict[str, int] = {}
    for row, labels in enumerate(_label_lists(columns[0]).to_list()):
        for label in labels:
            if label in place:
                out[row, place[label]] = 1
            else:
                unseen[label] = unseen.get(label, 0) + 1
    if unseen:
        raise DataError(_never_seen(task, sorted(unseen)))
    return out


def _encode_classes(column: pl.Series, task: Task) -> Array:
    names = pl.Series(task.classes, dtype=pl.String)
    are_numbers = values.as_text(values.as_number(names)).equals(names)
    text = values.like_trained(column, are_numbers)
    codes = text.replace_strict(names, pl.Series(range(len(names)), dtype=pl.Int64), default=None)
    unseen = text.filter(codes.is_null()).unique().sort().to_list()
    if unseen:
        raise DataError(_never_seen(task, unseen))
    return codes.to_numpy().astype(np.int64)


def _never_seen(task: Task, unseen: list[str]) -> str:
    shown = ", ".join(map(repr, unseen[:5])) + (" and others" if len(unseen) > 5 else "")
    return (
        f"The target {task.target} has {len(unseen)} class{'es' * (len(unseen) > 1)} that the training "
        f"rows never have: {shown}. Training has: {_some(list(task.classes))}. Leave these rows out, or train "
        "with them."
    )
