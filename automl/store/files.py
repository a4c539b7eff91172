"""Durable files on a local disk: written whole or not at all, and never over another."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from automl.errors import AlreadyRecorded, NotFoundError, StorageError

TEMPORARY = ".tmp-"  # names that begin so are unfinished, and are read by nobody
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def write_once(path: Path, content: bytes) -> None:
    """Put a new file there, whole and on the disk when this returns.

    Raises:
        AlreadyRecorded: there is one already; it is as it was.
        StorageError: it could not be written, for example because the disk is full.
    """
    temporary = path.parent / f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}"
    try:
        make_folder(path.parent)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise StorageError(
            f"{path} could not be written: {error.strerror}. Free some space, or make the store "
            "reachable again, then resume the search; everything acknowledged so far is kept."
        ) from error


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)  # refuses to replace, unlike a rename
    except FileExistsError as error:
        raise AlreadyRecorded(f"{path} was written by another first; that one counts.") from error


def make_folder(path: Path) -> None:
    """Make a folder and its parents, each on the disk when this returns."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


def size_of(path: Path) -> int:
    """The bytes of a file, or of everything in a folder; 0 where it is gone meanwhile."""
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
    return total
