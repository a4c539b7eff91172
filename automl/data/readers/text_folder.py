"""Folders of .txt files, each of which is one text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from automl.data.files.encodings import decoded
from automl.data.files.folders import read_folder
from automl.data.files.media import TEXT as TEXT_FILES
from automl.data.files.media import medium_of
from automl.data.raw import TEXT, RawData
from automl.data.readers import Reader
from automl.errors import DataError
from automl.spec import DataSpec


def _accepts(path: Path) -> bool:
    return path.is_dir() and medium_of(path) == TEXT_FILES


def _read(path: Path, data: DataSpec) -> RawData:
    found = read_folder(path, TEXT_FILES)
    if TEXT in found.frame.columns:
        raise DataError(
            f"The table in {path} has a column {TEXT}, which is the name of what the files hold. Rename it."
        )
    texts = texts_of(found.files, data.encoding)
    frame = found.frame.with_columns(pl.Series(TEXT, texts, pl.String))
    return RawData(path.name, "text", frame, None, found.given_splits, found.notes, found.target)


def texts_of(files: Sequence[Path], encoding: str) -> list[str]:
    """What is in each of some .txt files, stripped.

    Raises:
        DataError: one is in another encoding, or is no text.
    """
    texts = [decoded(file.read_bytes(), str(file), encoding).strip() for file in files]
    for file, text in zip(files, texts, strict=True):
        if "\0" in text:
            raise DataError(
                f"{file} should be text, but it is binary data. Give the file the ending of what it is."
            )
    return texts


READER = Reader("text_folder", "a folder of texts (.txt), as of images", _accepts, _read)
