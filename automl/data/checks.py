"""What is refused in data, and what is said aloud: each a plain function over tidy frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from automl.data import values
from automl.data.tables.infer import Inferred
from automl.errors import DataError, nearest
from automl.task import Array, Task

MIN_ROWS = 10
_CERTAIN = 0.9999  # a correlation beyond which a column is taken to be the target itself


def known_columns(field: str, names: Iterable[str], columns: Iterable[str]) -> None:
    """Refuses a name under `field` that is not a column."""
    existing = list(columns)
    for name in names:
        if name not in existing:
            raise DataError(
                f"{field} names the column {name!r}, which the data does not have; {nearest(name, existing)}"
            )


def enough_rows(n_rows: int, name: str) -> None:
    if n_rows < MIN_ROWS:
        raise DataError(
            f"The data {name} has {n_rows} row{'s' * (n_rows != 1)} with a target, but at least {MIN_ROWS} "
            "are needed "
            "for training, validation and test. Give more rows."
        )


def finite(frame: pl.DataFrame) -> None:
    """Refuses infinite numbers, naming the columns and counts."""
    counts = {
        column.name: int(column.is_infinite().sum())
        for column in frame.iter_columns()
        if column.dtype.is_float()
    }
    found = [f"{name} ({count})" for name, count in counts.items() if count]
    if found:
        raise DataError(
            f"Numbers must be finite, but there are infinite values in: {', '.join(found)}. Replace them, "
            "or leave "
            "them empty to have them count as missing."
        )


def class_counts(column: pl.Series, n_splits: int) -> None:
    """Refuses one class, and classes with fewer rows than there are splits to be cut from these rows."""
    counts = values.as_text(column).alias("class").value_counts().sort(["count", "class"])
    if counts.height < 2:
        raise DataError(
            f"The target {column.name} needs at least two classes, but every row has {counts['class'][0]!r}. "
            "Choose another target, or add rows of other classes."
        )
    rare = counts.filter(pl.col("count") < n_splits)
    if rare.height == counts.height or 2 * counts.height > len(column):
        raise DataError(
            f"The target {column.name} has {counts.height} classes in {len(column)} rows, too few rows a "
            "class to "
            "learn from. Choose another target, or set task: regression if it is a number."
        )
    if rare.height:
        shown = ", ".join(f"{name} ({count})" for name, count in rare.head(5).iter_rows())
        more = f" and {rare.height - 5} more" if rare.height > 5 else ""
        raise DataError(
            f"Every class of {column.name} needs at least {n_splits} rows, to stand in each split, but "
            "these have "
            f"fewer: {shown}{more}. Add rows to them, merge them with others, or leave them out."
        )


def usable_columns(types: Mapping[str, Inferred]) -> None:
    if all(found.type == "ignore" for found in types.values()):
        why = ", ".join(f"{name} ({found.why})" for name, found in list(types.items())[:10])
        raise DataError(
            "No column is left to predict from; "
            + (
                f"ignored are: {why}. Give one of them a type under data.types."
                if why
                else "there is only the target."
            )
        )


def no_leak(
    frame: pl.DataFrame,
    target: Array,
    target_name: str,
    task: Task,
    types: Mapping[str, Inferred],
    allow: list[str],
) -> None:
    """Refuses a column of the training rows that by itself tells the target.

    For classes: a column with fewer different values than half the rows, each of which goes with one class.
    For numbers: a column whose linear or rank correlation with the target is certain.
    """
    answer = pl.Series("answer", target)
    ranks = answer.rank()
    for name, found in types.items():
        if found.type in ("ignore", "date") or name in allow:
            continue
        column = frame[name].alias("column")
        tells = (
            _tells_class(column, answer)
            if task.kind == "classification"
            else _tells_number(column, answer, ranks)
        )
        if tells:
            raise DataError(
                f"The column {name} gives the target {target_name} away: by itself it tells every training "
                "row's "
                f"value. If it is known when predicting, let it through with data: {{allow: [{name}]}}; if "
                "not, leave "
                f"it out with data: {{types: {{{name}: ignore}}}}."
            )


def _tells_class(column: pl.Series, answer: pl.Series) -> bool:
    if column.n_unique() >= len(column) / 2:
        return False
    pairs = pl.DataFrame([column, answer]).unique()
    return pairs.height == column.n_unique()


def _tells_number(column: pl.Series, answer: pl.Series, ranks: pl.Series) -> bool:
    number = values.as_number(column)
    known = number.is_not_null()
    if known.sum() < max(MIN_ROWS, len(column) / 2) or number.n_unique() < 3:
        return False
    number = number.filter(known)
    linear = _correlation(number.to_numpy(), answer.filter(known).to_numpy())
    by_rank = _correlation(number.rank().to_numpy(), ranks.filter(known).to_numpy())
    return max(abs(linear), abs(by_rank)) > _CERTAIN


def _correlation(one: Array, other: Array) -> float:
    one, other = (array / max(np.abs(array).max(), 1e-300) for array in (one, other))
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / scale if scale > 1e-12 * len(one) else 0.0


def copies(keys: Array, splits: Mapping[str, Array]) -> tuple[str, ...]:
    """A note where validation or test rows are exact copies of training rows; `keys` hash whole rows."""
    counts = {
        name: int(np.isin(keys[splits[name]], keys[splits["train"]]).sum()) for name in ("validation", "test")
    }
    if not any(counts.values()):
        return ()
    return (
        f"{counts['validation']} validation rows and {counts['test']} test rows are exact copies of "
        "training rows; "
        "split.by a column that copies share keeps them in one split",
    )
