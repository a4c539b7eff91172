"""What a refit or a baseline predicted, as one Parquet file beside its bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from io import BytesIO
from pathlib import PurePosixPath

import polars as pl

from automl.errors import StorageError
from automl.store.places import Place, WorkFolder
from automl.store.places.disk import DiskPlace
from automl.store.records import PredictionFile
from automl.store.rows import PredictionRow, schema

FILE_NAME = "predictions.parquet"


def write_predictions(work: WorkFolder, rows: Sequence[PredictionRow]) -> tuple[PredictionFile, ...]:
    """Write the predictions of one attempt; give what its record says of them.

    Args:
        work: the attempt's own folder, to be published before its record is written.
        rows: one for each split.
    """
    buffer = BytesIO()
    frame = pl.DataFrame([asdict(row) for row in rows], schema=schema(PredictionRow))
    frame.write_parquet(buffer, compression="zstd")
    content = buffer.getvalue()
    DiskPlace(work.local / FILE_NAME).write_once(content)
    place = "/".join(
        [*str(work.place).split("/")[-3:], FILE_NAME]
    )  # refits/3-0/1-ab12cd34/predictions.parquet
    digest = sha256(content).hexdigest()
    return tuple(PredictionFile(split=row.split, file=place, sha256=digest) for row in rows)


def read_predictions(search_folder: Place, files: Sequence[PredictionFile]) -> pl.DataFrame:
    """The rows that a record names.

    Raises:
        StorageError: a file is gone, or is not the one that was written.
    """
    frames = [pl.DataFrame(schema=schema(PredictionRow))]
    for place, digest in sorted({(file.file, file.sha256) for file in files}):
        relative = PurePosixPath(place)
        if relative.is_absolute() or ".." in relative.parts:
            raise StorageError(f"Predictions lie in the search's folder, but the record names {place!r}.")
        path = search_folder / str(relative)
        try:
            content = path.read()
        except FileNotFoundError as error:
            raise StorageError(f"The predictions {path} cannot be read: there is no such file.") from error
        if sha256(content).hexdigest() != digest:
            raise StorageError(f"The predictions {path} are not what was written: their SHA-256 differs.")
        frames.append(
            pl.read_parquet(BytesIO(content), schema=schema(PredictionRow), missing_columns="insert")
        )
    return pl.concat(frames)
