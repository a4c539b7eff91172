"""Examples that a refit got wrong, as `automl explain` tells of them, made fit to be shown."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from PIL import Image, UnidentifiedImageError

from automl.task import Array
from automl.wording import number

SAMPLE_RATE = 8000  # of sounds; browsers play none much below
MAX_COLUMNS = 10  # of a table's row, those with the largest attributions
MAX_TOKENS = 200
MAX_VALUES = 300  # of a sound, so that all of a page stay below 5,000 marks
MAX_SERIES = 4  # of one row
MAX_STEPS = 120  # of a series, likewise
MAX_CLASSES = 3  # whose probabilities are shown
SIDES = ("speaks for it", "speaks against it")
_LINE = 64  # signs of text on a line
_MOST_IMAGE_BYTES = 2**21


@dataclass(frozen=True)
class Example:
    """One row: what it is, what was predicted, and what on the input spoke for that.

    Args:
        probabilities: the likeliest classes first; empty for numbers.
    """

    row: int
    target: str
    prediction: str
    probabilities: tuple[tuple[str, float], ...]
    loss: float | None
    input: Any
    attribution: Any
    gap: float | None

    @property
    def sides(self) -> tuple[str, str]:
        """What attributions above and below 0 say."""
        return SIDES if self.probabilities else ("raises the prediction", "lowers the prediction")


def examples(answer: Mapping[str, Any]) -> list[Example]:
    """The rows that `automl explain` told of."""
    return [
        Example(
            int(one["row"]),
            _said(one["target"]),
            _said(one["prediction"]),
            tuple(sorted((one.get("probabilities") or {}).items(), key=lambda pair: -pair[1])[:MAX_CLASSES]),
            one.get("loss"),
            one["input"],
            one.get("attribution"),
            one.get("gap"),
        )
        for one in answer["rows"]
    ]


def _said(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list):
        return ", ".join(_said(part) for part in value[:8]) + (" …" if len(value) > 8 else "")
    return str(value)


def image(given: Any) -> bytes | None:
    """The bytes of a picture, if it is one that can be shown."""
    try:
        content = base64.b64decode(given["png"], validate=True)
        if len(content) > _MOST_IMAGE_BYTES:
            return None
        Image.open(io.BytesIO(content)).verify()
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError, LookupError, TypeError, ValueError):
        return None
    return content


def columns(given: Mapping[str, Any], attribution: Mapping[str, float] | None) -> pl.DataFrame:
    """The columns of a row: column, value, attribution; those that speak loudest first."""
    spoken = attribution or {}
    names = sorted(given, key=lambda name: -abs(spoken.get(name, 0.0)))[:MAX_COLUMNS]
    values = {"column": names, "value": [_said(given[name]) for name in names]}
    return pl.DataFrame(values | {"attribution": [float(spoken.get(name, 0.0)) for name in names]})


def tokens(given: Sequence[str], attribution: Sequence[float] | None) -> pl.DataFrame:
    """Tokens set in lines: token, attribution, line, first and last sign; at most `MAX_TOKENS`."""
    found, line, at = [], 0, 0
    spoken = list(attribution or [0.0] * len(given))
    for token, value in list(zip(given, spoken, strict=False))[:MAX_TOKENS]:
        shown = str(token)[:_LINE]
        if at and at + len(shown) > _LINE:
            line, at = line + 1, 0
        found.append((shown, float(value), line, at, at + len(shown)))
        at += len(shown) + 1
    columns = {
        "token": pl.String,
        "attribution": pl.Float64,
        "line": pl.Int64,
        "first": pl.Int64,
        "last": pl.Int64,
    }
    return pl.DataFrame(found, schema=columns, orient="row")


def wave(given: Mapping[str, Any], attribution: Sequence[float] | None) -> pl.DataFrame:
    """A sound by time: second, value, attribution; `MAX_VALUES` of them."""
    values = np.asarray(given["wave"], np.float64)
    seconds = np.linspace(0.0, float(given["seconds"]), len(values))
    spoken = np.resize(np.asarray(attribution if attribution else [0.0], np.float64), len(values))
    return _stretches(pl.DataFrame({"second": seconds, "value": values, "attribution": spoken}), MAX_VALUES)


def played(given: Mapping[str, Any]) -> Array:
    """A sound as it can be played at `SAMPLE_RATE`; of so few values as are given, it sounds muffled."""
    values = np.asarray(given["wave"], np.float64)
    n = max(2, int(float(given["seconds"]) * SAMPLE_RATE))
    drawn = np.interp(np.linspace(0, len(values) - 1, n), np.arange(len(values)), values)
    return np.asarray(drawn / max(1e-9, float(np.abs(drawn).max())), np.float32)


def series(given: Mapping[str, Any], attribution: Any) -> pl.DataFrame:
    """Series by step: name, step, value, attribution; the first `MAX_SERIES`, `MAX_STEPS` of each.

    Values are given series by series; where they are given step by step, they are turned.
    """
    names = [str(name) for name in given["names"]]
    values, spoken = (_by_series(part, len(names)) for part in (given["values"], attribution))
    frames = [
        pl.DataFrame(
            {
                "name": [name] * values.shape[1],
                "step": np.arange(values.shape[1]),
                "value": values[place],
                "attribution": spoken[place] if spoken.size else np.zeros(values.shape[1]),
            }
        )
        for place, name in enumerate(names)
    ]
    return pl.concat([_stretches(frame, MAX_STEPS) for frame in frames[:MAX_SERIES]])


def _stretches(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    """At most so many rows: of each stretch the largest value and the sum of the attributions."""
    if frame.height <= most:
        return frame
    stretch = pl.int_range(pl.len()) * most // pl.len()
    largest = pl.col("value").sort_by(pl.col("value").abs()).last()
    others = pl.exclude("value", "attribution", "stretch").first()
    found = frame.with_columns(stretch=stretch).group_by("stretch", maintain_order=True)
    return found.agg(others, largest, pl.col("attribution").sum()).select(frame.columns)


def _by_series(part: Any, n: int) -> Array:
    values = np.atleast_2d(np.asarray(part if part is not None else [], np.float64))
    return values.T if values.shape[0] != n and values.shape[1] == n else values
