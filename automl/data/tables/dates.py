"""A fitted column of dates or times: its parts as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from automl.data import values
from automl.data.tables.columns import Plain
from automl.errors import DataError
from automl.task import Array

_DAY_MICROSECONDS = 86_400_000_000


def _parts(times: pl.Series) -> dict[str, Array]:
    """Every part of times without missing ones; what goes round is a sine and a cosine."""
    days = times.dt.timestamp("us").to_numpy() / _DAY_MICROSECONDS
    hour = 24 * (days % 1)
    turns = {
        "month": (times.dt.month().to_numpy() - 1) / 12,
        "weekday": (times.dt.weekday().to_numpy() - 1) / 7,
        "hour": hour / 24,
    }
    parts = {
        "days": days,
        "year": times.dt.year().to_numpy().astype(float),
        "day": times.dt.day().to_numpy().astype(float),
    }
    for name, turn in turns.items():
        parts |= {f"{name}_sine": np.sin(2 * np.pi * turn), f"{name}_cosine": np.cos(2 * np.pi * turn)}
    return parts


@dataclass(frozen=True)
class DateColumn:
    """The parts that vary in training, standardised; a missing date is their means, with an indicator.

    Args:
        form: the format of the text, or None where training had dates.
        parts: mean and deviation by the name of the part.
    """

    name: str
    form: str | None
    low: str
    high: str
    has_missing: bool
    parts: Mapping[str, tuple[float, float]]
    type: ClassVar[str] = "date"

    @property
    def n_numeric(self) -> int:
        return len(self.parts) + self.has_missing

    @classmethod
    def fit(cls, column: pl.Series) -> DateColumn:
        form = values.time_format(column) if column.dtype == pl.String else None
        times = values.as_time(column, form)
        known = times.drop_nulls()
        if known.is_empty() or times.null_count() > column.null_count():
            example = values.as_text(column).filter(times.is_null() & column.is_not_null())
            came = f"such as {example[0]!r}" if len(example) else "which are all missing"
            raise DataError(
                f"The column {column.name} should hold dates of one form, such as 2024-01-31, but holds "
                "values that "
                f"cannot be read as such, {came}. Correct them, or give another type under data.types."
            )
        statistics = {
            part: (float(array.mean()), float(array.std())) for part, array in _parts(known).items()
        }
        varying = {part: pair for part, pair in statistics.items() if pair[1] > 1e-9}
        bounds = [str(known.min()), str(known.max())]
        return cls(column.name, form, bounds[0], bounds[1], times.null_count() > 0, varying)

    def encode(self, column: pl.Series) -> Array:
        times = values.as_time(column, self.form)
        if times.null_count() > column.null_count():
            bad = values.as_text(column).filter(times.is_null() & column.is_not_null())
            raise DataError(
                f"The column {self.name} should hold dates as in training "
                f"({self.form or 'such as 2024-01-31'}), but "
                f"{len(bad)} of its {len(column)} values are others, such as {bad[0]!r}. Correct them or "
                "leave them "
                "empty."
            )
        missing = times.is_null().to_numpy()
        parts = _parts(times.fill_null(pl.lit(0).cast(pl.Datetime("us"))))
        encoded = [
            np.where(missing, 0.0, (parts[name] - mean) / dev) for name, (mean, dev) in self.parts.items()
        ]
        if self.has_missing:
            encoded.append(missing.astype(float))
        return (
            np.stack(encoded, axis=1).astype(np.float32)
            if encoded
            else np.empty((len(column), 0), np.float32)
        )

    def decode(self, encoded: Array) -> pl.Series:
        """Times by their days since 1970; null where training knew only the time of day or year."""
        names = list(self.parts)
        if "days" not in names:
            return pl.Series(self.name, [None] * len(encoded), pl.Datetime("us"))
        mean, deviation = self.parts["days"]
        days = encoded[:, names.index("days")].astype(np.float64) * deviation + mean
        times = pl.Series(self.name, (days * _DAY_MICROSECONDS).astype(np.int64)).cast(pl.Datetime("us"))
        return times.set(pl.Series(encoded[:, -1] > 0.5), None) if self.has_missing else times

    def describe(self) -> Plain:
        return {"minimum": self.low, "maximum": self.high, "format": self.form}

    def to_plain(self) -> tuple[Plain, dict[str, Array]]:
        plain = {key: getattr(self, key) for key in ("name", "form", "low", "high", "has_missing")}
        return {**plain, "parts": {name: list(pair) for name, pair in self.parts.items()}}, {}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], _arrays: Mapping[str, Array]) -> DateColumn:
        own = {key: plain[key] for key in ("name", "form", "low", "high", "has_missing")}
        return cls(**own, parts={name: (mean, dev) for name, (mean, dev) in plain["parts"].items()})
