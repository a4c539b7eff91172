"""Parquet files."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from automl.data.raw import RawData
from automl.data.readers import Reader
from automl.data.sniff import looks_like
from automl.errors import DataError


def _accepts(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in (".parquet", ".pq")


def _read(path: Path, _image_size: int | None) -> RawData:
    return RawData(path.stem, "table", parse(path.read_bytes(), str(path)))


def parse(content: bytes, name: str) -> pl.DataFrame:
    """The table in the bytes of a Parquet file; `name` stands in messages."""
    if not content.startswith(b"PAR1"):
        raise DataError(
            f"{name} should be a Parquet file, but it is {looks_like(content[:4096])}. "
            "Give the file the ending of what it is, or write it again as Parquet."
        )
    try:
        return pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{name} begins as a Parquet file but is damaged ({reason}); write it again."
        ) from error


READER = Reader("parquet", "Parquet (.parquet)", _accepts, _read)
