"""One file for each kind of data, which defines one `Kind` as ``KIND``: how its rows are fitted and encoded."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol

from automl.data.raw import RawData
from automl.signature import Field
from automl.spec import DataSpec, SplitSpec
from automl.task import Array, Task


class Encoder(Protocol):
    """What training rows taught of how rows are encoded, as plain data; a frozen dataclass."""

    kind: ClassVar[str]

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields that it makes; see `automl.signature.Signature`."""
        ...

    @property
    def details(self) -> Mapping[str, int]:
        """Other sizes that networks need; see `automl.signature.Signature`."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """Fields of `DataSpec` with which more rows are read as the training rows were."""
        ...

    def encode(self, raw: RawData) -> dict[str, Array]:
        """The fields of these rows.

        Raises:
            DataError: something that training had is missing, or is of another type.
        """
        ...

    def schema(self) -> list[dict[str, Any]]:
        """What a row to predict must have: one entry a column or field."""
        ...

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Values for JSON, and arrays by name."""
        ...


@dataclass(frozen=True)
class Kind:
    """One kind of data.

    Args:
        fit: the encoder that training rows give, and what is to be said of it.
        restore: the encoder that `Encoder.to_plain` was of.
        read: rows to predict from a path, with or without a target.
        from_memory: rows to predict from what a program holds: arrays, lists, frames.
        from_table: rows of this kind out of a table, with what is to be said of it, or None where it
            holds none; given the table, the names of its targets, and the spec.
        decode: encoded fields as rows again.
    """

    name: str
    fit: Callable[[RawData, Task, DataSpec, SplitSpec], tuple[Encoder, tuple[str, ...]]]
    restore: Callable[[Mapping[str, Any], Mapping[str, Array]], Encoder]
    read: Callable[[Path, Any, Task], RawData]
    from_memory: Callable[[Any, Any], RawData]
    from_table: Callable[[RawData, list[str], DataSpec], tuple[RawData, str] | None] | None = None
    decode: Callable[[Any, Mapping[str, Array]], RawData] | None = None


@cache
def all_kinds() -> Mapping[str, Kind]:
    """Every kind of data by name."""
    stems = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_"))
    kinds = [importlib.import_module(f"{__name__}.{stem}").KIND for stem in stems]
    return {kind.name: kind for kind in kinds}


def converted(raw: RawData, targets: list[str], data: DataSpec) -> tuple[RawData, str]:
    """The rows as the kind of data that a table holds, with what is to be said; they may well be a table."""
    if raw.kind == "table":
        for kind in all_kinds().values():
            found = None if kind.from_table is None else kind.from_table(raw, targets, data)
            if found is not None:
                return found
    return raw, ""
