"""Parquet files: tables, or the bytes of images or recordings with what is known of them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import polars as pl

from automl.data import images, values
from automl.data.files.media import AUDIO, IMAGE, Medium
from automl.data.files.naming import first_line, some
from automl.data.files.parquet_footer import check_footer
from automl.data.files.sniff import looks_like
from automl.data.raw import LABEL, RawData
from automl.data.readers import Reader
from automl.data.sounds import recordings as sounds
from automl.errors import DataError
from automl.spec import DataSpec

_BYTES = "bytes"  # as Hugging Face's `datasets` writes images and recordings
_MAGIC = {b"\x89PNG": IMAGE, b"\xff\xd8\xff": IMAGE, b"RIFF": AUDIO, b"fLaC": AUDIO, b"OggS": AUDIO}
_LOOKED_AT = 100  # values of a column, to see what they are


def _accepts(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in (".parquet", ".pq")


def _read(path: Path, data: DataSpec) -> RawData:
    frame = parse(path.read_bytes(), str(path))
    found = {
        column.name: medium for column in frame.iter_columns() if (medium := _medium(column)) is not None
    }
    if not found or data.kind not in (None, *(medium.kind for medium in found.values())):
        return RawData(path.stem, "table", frame)
    name = next(name for name, medium in found.items() if data.kind in (None, medium.kind))
    files = _files(frame[name], found[name], str(path))
    rest = frame.drop(name)
    tidy, nested = values.tidy(rest) if rest.width else (rest.with_row_index("row"), [])
    notes = (f"left out, as they hold no plain values: {', '.join(nested)}",) if nested else ()
    named = [column for column in tidy.columns if column != "row"]
    target = LABEL if LABEL in named else named[0] if len(named) == 1 else None
    raw = RawData(path.stem, found[name].kind, tidy, target=target)
    if found[name] == AUDIO:
        waves, rate, said = sounds.load(files, data.sample_rate, data.max_seconds, str(path))
        return replace(raw, values=waves, notes=(*notes, *said), details={"sample_rate": rate})
    size, channels = images.survey(files, str(path))
    size = size if data.image_size is None else data.image_size
    pixels = images.load(files, size, size, channels, str(path))
    said = (f"{len(pixels)} images as {size} x {size} with {channels} channel{'s' * (channels > 1)}",)
    return replace(raw, values=pixels, notes=(*notes, *said))


def parse(content: bytes, name: str) -> pl.DataFrame:
    """The table in the bytes of a Parquet file; `name` stands in messages."""
    if not content.startswith(b"PAR1"):
        raise DataError(
            f"{name} should be a Parquet file, but it is {looks_like(content[:4096])}. "
            "Give the file the ending of what it is, or write it again as Parquet."
        )
    check_footer(content, name)
    try:
        return pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = first_line(error)
        raise DataError(
            f"{name} begins as a Parquet file but is damaged ({reason}); write it again."
        ) from error


def _medium(column: pl.Series) -> Medium | None:
    """What the bytes in a column are, by their beginnings; None where it holds no images or recordings."""
    content = _content(column)
    if content is None:
        return None
    for value in content.drop_nulls().head(_LOOKED_AT):
        for magic, medium in _MAGIC.items():
            if value.startswith(magic):
                return medium
    return None


def _content(column: pl.Series) -> pl.Series | None:
    """The bytes of a column, where it holds any."""
    if isinstance(column.dtype, pl.Struct) and _BYTES in [field.name for field in column.dtype.fields]:
        column = column.struct.field(_BYTES)
    return column if column.dtype == pl.Binary else None


def _files(column: pl.Series, medium: Medium, source: str) -> list[BinaryIO]:
    """The values as open files, each named by its row, from 0."""
    content = _content(column)
    assert content is not None
    empty = [f"row {row}" for row, is_null in enumerate(content.is_null()) if is_null]
    if empty:
        raise DataError(
            f"{len(empty)} of the {len(content)} {medium.noun} in {source} are missing: {some(empty)}. A path "
            "alone is not enough; write their bytes, or leave these rows out."
        )
    files: list[BinaryIO] = []
    for row, value in enumerate(content):
        file = io.BytesIO(value)
        file.name = f"row {row}"
        files.append(file)
    return files


READER = Reader("parquet", "Parquet (.parquet), also with images or recordings as bytes", _accepts, _read)
