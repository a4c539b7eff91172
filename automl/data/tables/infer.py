"""The type of every column, inferred from training rows unless it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from automl.data import values
from automl.spec import ColumnType

_MANY_VALUES = (
    50  # a text column with more different values than this, and than 5 % of rows, may be free text
)
_NEARLY_ALL = 0.95  # so many different values make text an identifier
_MOSTLY_NUMBERS = 0.95  # of the values of a text column that is taken as numbers
_CODE = r"^[+-]?0[0-9]|^[0-9]{16}"  # digits that are no number: leading zeros, or more than a float holds
_FEWEST_FOR_IDENTIFIER = 10
_IDENTIFIER_NAMES = ("id", "index", "uuid", "guid", "row", "rownum", "row_id", "unnamed_0")


@dataclass(frozen=True)
class Inferred:
    """A column's type; `why` says what made it be ignored, or what else is to be said."""

    type: ColumnType
    why: str = ""


def infer(frame: pl.DataFrame, given: Mapping[str, ColumnType]) -> dict[str, Inferred]:
    """The type of each column of a tidy frame of training rows in their order."""
    return {
        name: Inferred(given[name], "as asked") if name in given else _infer(frame[name])
        for name in frame.columns
    }


def _infer(column: pl.Series) -> Inferred:
    if column.n_unique() <= 1:
        return Inferred("ignore", "empty" if column.null_count() == len(column) else "constant")
    if column.dtype == pl.Boolean:
        return Inferred("boolean")
    if column.dtype in (pl.Date, pl.Datetime):
        return Inferred("date")
    if column.dtype.is_numeric():
        return Inferred("ignore", "identifier") if _numbers_rows(column) else Inferred("number")
    return _infer_text(column)


def _numbers_rows(column: pl.Series) -> bool:
    """Whether whole numbers only tell rows apart: all differ, and they rise with the rows or are named so."""
    if not column.dtype.is_integer() or column.null_count() or len(column) < _FEWEST_FOR_IDENTIFIER:
        return False
    if column.n_unique() < len(column):
        return False
    name = column.name.lower()
    if name in _IDENTIFIER_NAMES or name.endswith("_id"):
        return True
    steps = np.diff(column.cast(pl.Float64).to_numpy())
    # Training rows are a part of all rows, so that there are gaps.
    return bool((steps > 0).all() and steps.mean() < 3)


def _infer_text(column: pl.Series) -> Inferred:
    if values.time_format(column) is not None:
        return Inferred("date")
    n_known = len(column) - column.null_count()
    n_distinct = column.drop_nulls().n_unique()
    numbers = values.as_number(column)
    n_others = numbers.null_count() - column.null_count()
    if (
        n_others <= (1 - _MOSTLY_NUMBERS) * n_known
        and n_distinct > min(_MANY_VALUES, n_known / 2)
        and not column.str.contains(_CODE).any()
    ):
        others = (
            "1 value is not a number and counts"
            if n_others == 1
            else f"{n_others} values are not numbers and count"
        )
        return Inferred("number", f"{others} as missing" if n_others else "")
    many = n_distinct > max(_MANY_VALUES, 0.05 * len(column))
    if n_distinct >= _NEARLY_ALL * n_known and (many or n_known >= _FEWEST_FOR_IDENTIFIER):
        return Inferred("ignore", "identifier")
    return Inferred("category")


def describe(types: Mapping[str, Inferred]) -> str:
    """All inferred types in one sentence.

    >>> describe({"a": Inferred("number"), "b": Inferred("ignore", "constant")})
    '2 columns: 1 number; ignored: b (constant)'
    """
    counts: Counter[str] = Counter(found.type for found in types.values() if found.type != "ignore")
    plural = {"number": "numbers", "category": "categories", "boolean": "booleans", "date": "dates"}
    parts = [f"{counts[t]} {t if counts[t] == 1 else plural[t]}" for t in plural if counts[t]]
    text = f"{len(types)} column{'s' * (len(types) != 1)}: {', '.join(parts) or 'none that is usable'}"
    ignored = [f"{name} ({found.why})" for name, found in types.items() if found.type == "ignore"]
    shown = ignored[:10] + ([f"and {len(ignored) - 10} more"] if len(ignored) > 10 else [])
    said = [f"{name} ({found.why})" for name, found in types.items() if found.type == "number" and found.why]
    said = [text for text in said if "as asked" not in text]
    text += f"; ignored: {', '.join(shown)}" if ignored else ""
    return text + (f"; taken as numbers: {', '.join(said)}" if said else "")
