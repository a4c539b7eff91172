"""What every kind of place can do: read, write once, write over, list, remove.

What is written is durable when the call returns, and whole or not there at all.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from automl.errors import NotFoundError

PIECE_BYTES = 2**20  # that are held in memory at once, where a file may be large
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class Found:
    """One file below a place.

    Args:
        changed_at: seconds since the epoch, by the clock of the disk or of the object store.
    """

    name: str
    n_bytes: int
    changed_at: float


class Place(ABC):
    """A name in a store: of a file, of a folder, or of nothing yet. ``place / "a/b"`` is a name below it.

    Every method raises `StorageError` where the store does not answer or refuses.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The last part of it."""

    @abstractmethod
    def __str__(self) -> str:
        """As `locate` takes it, and as the libraries for tables do."""

    @abstractmethod
    def __truediv__(self, name: str) -> Place: ...

    @abstractmethod
    def read(self) -> bytes:
        """The content of the file.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    def read_range(self, first: int, n_bytes: int) -> bytes:
        """At most so many bytes of the file from `first` on; none behind its end.

        Raises:
            FileNotFoundError: there is none.
        """

    def pieces(self, first: int = 0, n_bytes: int | None = None) -> Iterator[bytes]:
        """The content from `first` on, `n_bytes` of it or to its end, a piece at a time."""
        while n_bytes is None or n_bytes > 0:
            piece = self.read_range(first, PIECE_BYTES if n_bytes is None else min(PIECE_BYTES, n_bytes))
            if not piece:
                return
            yield piece
            first += len(piece)
            n_bytes = None if n_bytes is None else n_bytes - len(piece)

    @abstractmethod
    def write_once(self, content: bytes) -> None:
        """Put a new file there.

        Raises:
            AlreadyRecorded: there is one already; it is as it was.
        """

    @abstractmethod
    def write_content(self, file: Path) -> None:
        """Put the content of a file of this machine there, in pieces where it is large.

        For places that are named by a hash of their content: who writes second changes nothing.
        """

    @abstractmethod
    def write_over(self, content: bytes) -> None:
        """Put this in the place of the file that may be there."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is such a file."""

    @abstractmethod
    def names(self) -> list[str]:
        """The names of the files and folders in this folder, in no order; none where there is no folder."""

    @abstractmethod
    def is_folder(self) -> bool:
        """Whether there is such a folder; a bucket has only folders with something in them."""

    @abstractmethod
    def make_folder(self) -> None:
        """Make this folder where there is none; in a bucket only see that it can be listed."""

    @abstractmethod
    def files(self) -> Iterator[Found]:
        """Every file below this folder, by its path from here; this file itself as ``""``."""

    @abstractmethod
    def remove(self) -> None:
        """Remove this file, or this folder with all that is in it; nothing where there is nothing."""

    @abstractmethod
    def changed_at(self) -> float | None:
        """When this file was written, in seconds since the epoch; None where there is none."""

    @abstractmethod
    def work_folder(self) -> WorkFolder:
        """This folder, made, to be worked in by one process."""

    @abstractmethod
    def fetched(self) -> AbstractContextManager[Path]:
        """This folder on this machine's disk, to be read while inside; empty where there is none."""

    @abstractmethod
    def on_disk(self) -> Path | None:
        """Its path, if it lies on a disk of this machine."""

    def n_bytes(self) -> int:
        """The bytes of this file, or of everything in this folder."""
        return sum(found.n_bytes for found in self.files())

    def last_change(self) -> float | None:
        """When anything in this folder changed last; None where there is nothing."""
        return max((found.changed_at for found in self.files()), default=None)


class WorkFolder(ABC):
    """A folder in which one attempt keeps its checkpoint, its bundle and its predictions.

    Args:
        place: of the folder in the store.
        local: where to write into it on this machine.
    """

    def __init__(self, place: Place, local: Path) -> None:
        self.place = place
        self.local = local

    @abstractmethod
    def publish(self) -> None:
        """Bring the store up to what `local` holds now; a record may name it afterwards.

        Raises:
            StorageError: it could not be brought there.
        """


def safe_name(name: str, kind: str) -> str:
    """The name, if it can stand for one file or folder and nothing else.

    >>> safe_name("3-0", "trial")
    '3-0'
    """
    if not _NAME.fullmatch(name):
        raise NotFoundError(
            f"There is no {kind} named {name[:140]!r}: a name is letters, digits, '.', '_' and '-', "
            "and begins with a letter or a digit."
        )
    return name
