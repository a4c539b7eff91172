"""What a reader gives: the rows as they came, before any split or encoding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from automl.task import Array

if TYPE_CHECKING:
    import hashlib

DataKind = Literal["table", "image"]
LABEL = "label"


@dataclass(frozen=True)
class RawData:
    """The rows of one source.

    Args:
        name: a slug, from the stem of the file or the registered name.
        frame: every column of a table; for images the one column ``label``, text.
        images: uint8 ``(rows, height, width, channels)``, for images alone.
        given_splits: positions of rows by split (``train``, ``validation``, ``test``), where the source
            itself names them.
        notes: what is to be said aloud.
        target: the column to predict unless another is asked for.
        text: whether the columns are text whose types are still to be found, as in a CSV file.
        content: SHA-256 of what was read where the reader hashed the bytes; see `fingerprint`.
    """

    name: str
    kind: DataKind
    frame: pl.DataFrame
    images: Array | None = None
    given_splits: Mapping[str, Array] | None = None
    notes: tuple[str, ...] = ()
    target: str | None = None
    text: bool = field(default=False)
    content: str = field(default="")

    def __len__(self) -> int:
        return self.frame.height


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
    if raw.images is not None:
        digest.update(str(raw.images.shape).encode())
        digest.update(np.ascontiguousarray(raw.images).data)
    return digest.hexdigest()


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
