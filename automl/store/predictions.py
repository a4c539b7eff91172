"""What a refit or a baseline predicted, as one Parquet file beside its bundle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import polars as pl

from automl.errors import StorageError
from automl.store.files import write_once
from automl.store.records import PredictionFile
from automl.store.rows import PredictionRow, schema

FILE_NAME = "predictions.parquet"


def write_predictions(folder: Path, rows: Sequence[PredictionRow]) -> tuple[PredictionFile, ...]:
    """Write the predictions of one attempt; give what its record says of them.

    Args:
        folder: the attempt's own work folder, as `SearchFolder.work_folder` gave it.
        rows: one for each split.
    """
    buffer = BytesIO()
    frame = pl.DataFrame([asdict(row) for row in rows], schema=schema(PredictionRow))
    frame.write_parquet(buffer, compression="zstd")
    content = buffer.getvalue()
    write_once(folder / FILE_NAME, content)
    place = "/".join((folder / FILE_NAME).parts[-4:])  # trials/3/1-ab12cd34/predictions.parquet
    digest = sha256(content).hexdigest()
    return tuple(PredictionFile(split=row.split, file=place, sha256=digest) for row in rows)


def read_predictions(search_folder: Path, files: Sequence[PredictionFile]) -> pl.DataFrame:
    """The rows that a record names.

    Raises:
        StorageError: a file is gone, or is not the one that was written.
    """
    frames = [pl.DataFrame(schema=schema(PredictionRow))]
    for place, digest in sorted({(file.file, file.sha256) for file in files}):
        path = Path(os.path.normpath(search_folder / place))
        if not path.is_relative_to(os.path.normpath(search_folder)):
            raise StorageError(f"Predictions lie in the search's folder, but the record names {place!r}.")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StorageError(f"The predictions {path} cannot be read: {error.strerror}.") from error
        if sha256(content).hexdigest() != digest:
            raise StorageError(f"The predictions {path} are not what was written: their SHA-256 differs.")
        frames.append(
            pl.read_parquet(BytesIO(content), schema=schema(PredictionRow), missing_columns="insert")
        )
    return pl.concat(frames)
