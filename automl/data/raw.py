"""What a reader gives: the rows as they came, before any split or encoding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from automl.data.ragged import Ragged
from automl.task import Array

if TYPE_CHECKING:
    import hashlib

LABEL = "label"
TEXT = "text"


@dataclass(frozen=True)
class RawData:
    """The rows of one source.

    Args:
        name: a slug, from the stem of the file or the registered name.
        kind: the kind of data, one of `automl.task.KINDS`.
        frame: every column of a table; of other kinds what stands beside them, such as ``label``, and
            for text its column ``text``.
        values: for images uint8 ``(rows, height, width, channels)``; for audio `Ragged` int16 samples of
            one channel at ``details["sample_rate"]``; for series `Ragged` float32 ``(steps, channels)``.
        given_splits: positions of rows by split (``train``, ``validation``, ``test``), where the source
            itself names them.
        notes: what is to be said aloud.
        target: the column to predict unless another is asked for.
        untyped: whether the columns are text whose types are still to be found, as in a CSV file.
        content: SHA-256 of what was read where the reader hashed the bytes; see `fingerprint`.
        details: what else the values need to be understood.
        columns: for text out of a table, the columns that it was joined of.
    """

    name: str
    kind: str
    frame: pl.DataFrame
    values: Array | Ragged | None = None
    given_splits: Mapping[str, Array] | None = None
    notes: tuple[str, ...] = ()
    target: str | None = None
    untyped: bool = field(default=False)
    content: str = field(default="")
    details: Mapping[str, int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.frame.height

    def take(self, positions: Array) -> RawData:
        """The rows at these positions, in this order."""
        values = self.values
        if values is not None:
            values = values.take(positions) if isinstance(values, Ragged) else values[positions]
        return replace(self, frame=self.frame[positions], values=values)


def fingerprint(raw: RawData) -> str:
    """SHA-256, in hex, of the content; the same on every machine and under every path."""
    if raw.content:
        return raw.content
    digest = sha256(raw.kind.encode())
    for column in raw.frame.iter_columns():
        digest.update(f"\0{column.name}\0".encode())
        _add_column(digest, column)
    for name, positions in sorted((raw.given_splits or {}).items()):
        digest.update(f"\0{name}\0".encode() + positions.astype("<i8").tobytes())
    if isinstance(raw.values, Ragged):
        _add_array(digest, raw.values.offsets)
    if raw.values is not None:
        _add_array(digest, raw.values.values if isinstance(raw.values, Ragged) else raw.values)
    if raw.details:
        digest.update(str(sorted(raw.details.items())).encode())
    return digest.hexdigest()


def _add_array(digest: hashlib._Hash, array: Array) -> None:
    digest.update(str(array.shape).encode())
    digest.update(np.ascontiguousarray(array).data)


def _add_column(digest: hashlib._Hash, column: pl.Series) -> None:
    update = digest.update
    update(np.packbits(column.is_null().to_numpy()).tobytes())
    if column.dtype.is_integer():
        update(
            b"integer" + column.fill_null(0).cast(pl.Int64, strict=False).to_numpy().astype("<i8").tobytes()
        )
    elif column.dtype.is_numeric():
        update(b"number" + column.cast(pl.Float64).fill_null(0.0).to_numpy().astype("<f8").tobytes())
    else:
        text = column.cast(pl.String).fill_null("")
        update(b"text" + text.str.len_bytes().to_numpy().astype("<i8").tobytes())
        update((text.str.join("").item() or "").encode())
