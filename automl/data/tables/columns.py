"""One fitted column of a table, by type: what training values taught, and how values are encoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import polars as pl

from automl.data import values
from automl.data.tables.scaling import Scaling, fit_scaling
from automl.errors import DataError
from automl.task import Array

MAX_CATEGORIES = 1000
Plain = dict[str, Any]


class Column(Protocol):
    """A column as it was fitted; `encode` gives float32 ``(rows, n_numeric)``, or codes ``(rows,)``, and
    `decode` turns these into values again."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def n_numeric(self) -> int: ...
    def encode(self, column: pl.Series) -> Array: ...
    def decode(self, encoded: Array) -> pl.Series: ...
    def describe(self) -> Plain: ...
    def to_plain(self) -> tuple[Plain, dict[str, Array]]: ...


@dataclass(frozen=True)
class NumberColumn:
    """Scaled, missing values as the median, with an indicator where training had missing values.

    Args:
        lenient: whether the column held some text among its numbers, which counts as missing.
    """

    name: str
    median: float
    low: float
    high: float
    has_missing: bool
    lenient: bool
    scaling: Scaling
    type: ClassVar[str] = "number"

    @property
    def n_numeric(self) -> int:
        return 2 if self.has_missing else 1

    @classmethod
    def fit(cls, column: pl.Series, numbers: str) -> NumberColumn:
        number = values.as_number(column)
        known = number.drop_nulls().to_numpy()
        if len(known) == 0:
            raise DataError(
                f"The column {column.name} should hold numbers, but no value in the training rows is one. "
                "Give it another type under data.types, or ignore."
            )
        lenient = column.dtype == pl.String
        median = float(np.median(known))
        has_missing = number.null_count() > 0
        filled = number.fill_null(median).to_numpy()
        low, high = float(known.min()), float(known.max())
        return cls(column.name, median, low, high, has_missing, lenient, fit_scaling(filled, numbers))

    def encode(self, column: pl.Series) -> Array:
        number = values.as_number(column)
        if not self.lenient and number.null_count() > column.null_count():
            _refuse_other(self.name, "numbers", column, number)
        if number.is_infinite().any():
            raise DataError(f"The column {self.name} holds infinite values; expected finite numbers or none.")
        scaled = self.scaling.apply(number.fill_null(self.median).to_numpy())
        if not self.has_missing:
            return _float32(scaled[:, None])
        return _float32(np.stack([scaled, number.is_null().to_numpy()], axis=1))

    def decode(self, encoded: Array) -> pl.Series:
        values = pl.Series(self.name, self.scaling.undo(encoded[:, 0].astype(np.float64)))
        return values.set(pl.Series(encoded[:, 1] > 0.5), None) if self.has_missing else values

    def describe(self) -> Plain:
        return {"minimum": self.low, "maximum": self.high}

    def to_plain(self) -> tuple[Plain, dict[str, Array]]:
        plain = {
            key: getattr(self, key) for key in ("name", "median", "low", "high", "has_missing", "lenient")
        }
        plain |= {"mean": self.scaling.mean, "deviation": self.scaling.deviation}
        quantiles = self.scaling.quantiles
        return plain, {} if quantiles is None else {"quantiles": quantiles}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], arrays: Mapping[str, Array]) -> NumberColumn:
        own = {key: float(plain[key]) for key in ("median", "low", "high")}
        scaling = Scaling(float(plain["mean"]), float(plain["deviation"]), arrays.get("quantiles"))
        return cls(
            _text(plain["name"]),
            **own,
            has_missing=bool(plain["has_missing"]),
            lenient=bool(plain["lenient"]),
            scaling=scaling,
        )


@dataclass(frozen=True)
class BooleanColumn:
    """False is -1, true 1, missing 0."""

    name: str
    type: ClassVar[str] = "boolean"
    n_numeric: ClassVar[int] = 1
    true: ClassVar[tuple[str, ...]] = ("true", "1", "yes", "y", "t")
    false: ClassVar[tuple[str, ...]] = ("false", "0", "no", "n", "f")

    def encode(self, column: pl.Series) -> Array:
        text = values.as_text(column).str.to_lowercase()
        is_true, is_false = (text.is_in(words).fill_null(False) for words in (self.true, self.false))
        if not (is_true | is_false | text.is_null()).all():
            known = text.set(~(is_true | is_false), None)
            _refuse_other(self.name, "true and false", column, known)
        return _float32((is_true.cast(pl.Int8) - is_false.cast(pl.Int8)).to_numpy()[:, None])

    def decode(self, encoded: Array) -> pl.Series:
        return pl.Series(self.name, encoded[:, 0] > 0)

    def describe(self) -> Plain:
        return {"values": [False, True]}

    def to_plain(self) -> tuple[Plain, dict[str, Array]]:
        return {"name": self.name}, {}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], _arrays: Mapping[str, Array]) -> BooleanColumn:
        return cls(_text(plain["name"]))


@dataclass(frozen=True)
class CategoryColumn:
    """Codes from 1 in the order of the text; 0 is missing, or what training never saw.

    Args:
        from_numbers: whether training saw numbers, so that ``7`` and ``7.0`` are one.
    """

    name: str
    categories: tuple[str, ...]
    from_numbers: bool
    type: ClassVar[str] = "category"
    n_numeric: ClassVar[int] = 0

    @classmethod
    def fit(cls, column: pl.Series) -> CategoryColumn:
        counts = values.as_text(column).drop_nulls().alias("text").value_counts()
        kept = counts.sort(["count", "text"], descending=[True, False]).head(MAX_CATEGORIES)["text"]
        return cls(column.name, tuple(sorted(kept.to_list())), column.dtype.is_numeric())

    @property
    def cardinality(self) -> int:
        return len(self.categories) + 1

    def encode(self, column: pl.Series) -> Array:
        text = values.like_trained(column, self.from_numbers)
        codes = text.replace_strict(
            pl.Series(self.categories, dtype=pl.String),
            pl.Series(range(1, self.cardinality), dtype=pl.Int64),
            default=0,
            return_dtype=pl.Int64,
        )
        return codes.fill_null(0).to_numpy()

    def decode(self, encoded: Array) -> pl.Series:
        return pl.Series(
            self.name, [self.categories[code - 1] if code > 0 else None for code in encoded.tolist()]
        )

    def describe(self) -> Plain:
        return {"categories": list(self.categories)}

    def to_plain(self) -> tuple[Plain, dict[str, Array]]:
        return {"name": self.name, "categories": list(self.categories), "from_numbers": self.from_numbers}, {}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], _arrays: Mapping[str, Array]) -> CategoryColumn:
        categories = tuple(map(_text, plain["categories"]))
        return cls(_text(plain["name"]), categories, bool(plain["from_numbers"]))


def _text(value: object) -> str:
    """The value where it is text; a bundle may hold anything.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _refuse_other(name: str, expected: str, column: pl.Series, parsed: pl.Series) -> None:
    bad = column.filter(parsed.is_null() & column.is_not_null())
    raise DataError(
        f"The column {name} should hold {expected} as in training, but {len(bad)} of its {len(column)} "
        "values are "
        f"others, such as {str(bad[0])!r}. Correct them or leave them empty."
    )


def _float32(array: Array) -> Array:
    limit = np.finfo(np.float32).max
    return np.clip(array, -limit, limit).astype(np.float32)
