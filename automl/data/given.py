"""The rows of a spec with those of the files that its split names, as one table with a part for each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from automl.data import values
from automl.data.ragged import Ragged
from automl.data.raw import RawData, fingerprint
from automl.data.read import read
from automl.data.splits import DEFAULT_TEST
from automl.errors import DataError, nearest
from automl.spec import DataSpec, SplitSpec
from automl.task import Array

_CODES = {"validation": 1, "test": 2}


@dataclass(frozen=True)
class Sources:
    """All rows that were read.

    Args:
        part: ``(rows,)`` 0 where the split is open, 1 for validation, 2 for test.
        fingerprint: of the data that the spec names; files of splits are in `given`.
        given: what gives a split that is not cut by share: the content hash of a file, or ``given``.
    """

    raw: RawData
    part: Array
    fingerprint: str
    given: Mapping[str, str]
    notes: tuple[str, ...]


def read_sources(data: DataSpec, split: SplitSpec) -> Sources:
    """The data and the files of its split.

    Raises:
        DataError: a file has other columns than the data.
    """
    raw = read(data)
    main = fingerprint(raw)
    part = np.zeros(len(raw), np.int8)
    given: dict[str, str] = {}
    notes = list(raw.notes)
    own = raw.given_splits or {}
    # A share that is asked for goes before a split that the data give.
    if split.test == DEFAULT_TEST:
        for name in _CODES:
            if name in own and not isinstance(getattr(split, name), str):
                part[own[name]] = _CODES[name]
                given[name] = "given"
                notes.append(f"{name} rows: the {len(own[name])} that the data itself gives")
    for name, code in _CODES.items():
        path = getattr(split, name)
        if isinstance(path, str):
            other = read(
                data.model_copy(
                    update={"path": path, "name": None, "openml": None, **_size(raw), **raw.details}
                )
            )
            given[name] = fingerprint(other)
            raw = _joined(raw, other, path)
            part = np.concatenate([part, np.full(len(raw) - len(part), code, np.int8)])
    return Sources(raw, part, main, given, tuple(notes))


def _size(raw: RawData) -> dict[str, int]:
    return {"image_size": raw.values.shape[1]} if isinstance(raw.values, np.ndarray) else {}


def _joined(raw: RawData, other: RawData, path: str) -> RawData:
    if raw.kind != other.kind:
        raise DataError(
            f"{path} should hold data of the kind {raw.kind}, as the other rows, but is of {other.kind}."
        )
    lacking = [name for name in raw.frame.columns if name not in other.frame.columns]
    if lacking:
        raise DataError(
            f"{path} should have the columns of the other rows, but has no {lacking[0]!r}; "
            f"{nearest(lacking[0], other.frame.columns)}"
        )
    columns = [_same_type(raw.frame[name], other.frame[name], path) for name in raw.frame.columns]
    frame = pl.concat(
        [raw.frame.with_columns(one for one, _ in columns), pl.DataFrame([two for _, two in columns])]
    )
    return replace(raw, frame=frame, values=_joined_values(raw.values, other.values))


def _joined_values(one: Array | Ragged | None, other: Array | Ragged | None) -> Array | Ragged | None:
    if isinstance(one, Ragged) and isinstance(other, Ragged):
        return one.joined(other)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        from automl.data.images import resized

        return np.concatenate([one, resized(other, *one.shape[1:])])
    return None


def _same_type(one: pl.Series, other: pl.Series, path: str) -> tuple[pl.Series, pl.Series]:
    """Both columns in one type: numbers where both are, else text where the first is."""
    if one.dtype == other.dtype:
        return one, other
    if one.dtype.is_numeric() and other.dtype.is_numeric():
        return one.cast(pl.Float64), other.cast(pl.Float64)
    if one.dtype == pl.String:
        return one, values.as_text(other)
    if other.null_count() == len(other):
        return one, other.cast(one.dtype)
    raise DataError(
        f"The column {one.name} in {path} should hold {one.dtype} as the other rows, but holds "
        f"{other.dtype}, such as "
        f"{str(other.drop_nulls()[0])!r}. Write both files in one form."
    )
