"""Rows to predict: read as training read them, with or without a target."""

from __future__ import annotations

from pathlib import Path

from automl.data.kinds import all_kinds
from automl.data.preprocessing import Preprocessing
from automl.data.raw import RawData
from automl.errors import DataError, NotFoundError


def read_for_prediction(path: str | Path, preprocessing: Preprocessing) -> RawData:
    """The rows at a path.

    Columns of a text file stay text: the preprocessing turns them into what training saw.

    Raises:
        NotFoundError: nothing is there.
        DataError: it cannot be read, or is of another kind than the model was trained on.
    """
    source = Path(path).expanduser()
    if not source.exists():
        raise NotFoundError(f"There is no file or folder {source} to predict from; check the path.")
    kind = all_kinds()[preprocessing.kind]
    found = kind.read(source, preprocessing.encoder, preprocessing.task)
    if len(found) == 0:
        raise DataError(f"{source} has no rows to predict.")
    return found
