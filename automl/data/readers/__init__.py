"""One reader for each kind of source; a file in this folder that defines ``READER`` is one."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from automl.data.raw import RawData
from automl.errors import DataError, NotFoundError
from automl.spec import DataSpec


@dataclass(frozen=True)
class Reader:
    """How one kind of source is read.

    Args:
        accepts: whether a path that exists is of this kind, by its name and not by its content.
        read: the rows at a path, as the spec asks for them; raises `DataError` where the content is not
            what the name says.
        endings: what it reads, for messages.
    """

    name: str
    endings: str
    accepts: Callable[[Path], bool]
    read: Callable[[Path, DataSpec], RawData]


@cache
def all_readers() -> tuple[Reader, ...]:
    """Every reader, in the order of their names."""
    stems = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_"))
    return tuple(importlib.import_module(f"{__name__}.{stem}").READER for stem in stems)


def reader_for(path: Path) -> Reader:
    """The reader that accepts this path.

    Raises:
        NotFoundError: nothing is there.
        DataError: no reader accepts it.
    """
    if not os.path.exists(path):  # also where the path is none, which is an error of exists()
        raise NotFoundError(f"There is no file or folder {path} to read data from; check the path.")
    for reader in all_readers():
        if reader.accepts(path):
            return reader
    known = "; ".join(reader.endings for reader in all_readers())
    raise DataError(f"{path} is not a kind of data that can be read here. What can be read: {known}.")
