"""Places on a disk of this machine, or on one that it mounts."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from automl.bundle_files import sync_folder
from automl.errors import AlreadyRecorded, StorageError
from automl.failpoint import step
from automl.store.places.place import Found, Place, WorkFolder

_ABSENT = (FileNotFoundError, NotADirectoryError)
TEMPORARY = ".tmp-"  # names that begin so are unfinished, and are read by nobody


@dataclass(frozen=True)
class DiskPlace(Place):
    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def __str__(self) -> str:
        return str(self.path)

    def __truediv__(self, name: str) -> DiskPlace:
        return DiskPlace(self.path / name)

    def read(self) -> bytes:
        with self._readable():
            try:
                return self.path.read_bytes()
            except _ABSENT as error:
                raise FileNotFoundError(str(self)) from error

    def read_range(self, first: int, n_bytes: int) -> bytes:
        with self._readable():
            try:
                with self.path.open("rb") as file:
                    file.seek(first)
                    return file.read(n_bytes)
            except _ABSENT as error:
                raise FileNotFoundError(str(self)) from error

    def write_once(self, content: bytes) -> None:
        self._write(content, _link)

    def write_content(self, file: Path) -> None:
        def copied(temporary: Path) -> None:
            with file.open("rb") as source, temporary.open("xb") as out:
                shutil.copyfileobj(source, out, 2**20)
                out.flush()
                os.fsync(out.fileno())

        self._put(copied, os.replace)

    def write_over(self, content: bytes) -> None:
        self._write(content, os.replace)

    def _write(self, content: bytes, put: Callable[[Path, Path], None]) -> None:
        def written(temporary: Path) -> None:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

        self._put(written, put)

    def _put(self, write: Callable[[Path], None], put: Callable[[Path, Path], None]) -> None:
        path = self.path
        temporary = path.parent / f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}"
        step("before", path)
        try:
            make_folder(path.parent)
            try:
                write(temporary)
                step("written", path)
                put(temporary, path)
                step("placed", path)
            finally:
                temporary.unlink(missing_ok=True)
            sync_folder(path.parent)
            step("synced", path)
        except OSError as error:
            raise StorageError(
                f"{path} could not be written: {error.strerror}. Free some space, or make the store "
                "reachable again, then resume the search; everything acknowledged so far is kept."
            ) from error

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """What a disk says that fails, or that is no longer there, is `StorageError`."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StorageError(f"{self.path} cannot be read: {error.strerror}.") from error

    def exists(self) -> bool:
        with self._readable():
            return self.path.is_file()

    def names(self) -> list[str]:
        with self._readable():
            try:
                return [name for name in os.listdir(self.path) if not name.startswith(TEMPORARY)]
            except _ABSENT:
                return []

    def is_folder(self) -> bool:
        with self._readable():
            return self.path.is_dir()

    def make_folder(self) -> None:
        try:
            make_folder(self.path)
        except OSError as error:
            in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
            cause = "a file is in its place or above it" if in_the_way else error.strerror
            raise StorageError(f"The folder {self} could not be made: {cause}.") from error

    def files(self) -> Iterator[Found]:
        paths = [("", self.path)] if self.path.is_file() else self._below()
        for name, path in paths:
            try:
                with self._readable():
                    status = path.lstat()
            except FileNotFoundError:
                continue
            yield Found(name, status.st_size, status.st_mtime)

    def _below(self) -> Iterator[tuple[str, Path]]:
        for folder, _, names in os.walk(self.path):
            for name in names:
                path = Path(folder, name)
                yield str(path.relative_to(self.path)), path

    def remove(self) -> None:
        try:
            if self.path.is_dir() and not self.path.is_symlink():
                shutil.rmtree(self.path, ignore_errors=True)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be removed: {error.strerror}.") from error

    def changed_at(self) -> float | None:
        with self._readable():
            try:
                return self.path.stat().st_mtime
            except _ABSENT:
                return None

    def last_change(self) -> float | None:
        times = [time for time in (self.changed_at(), super().last_change()) if time is not None]
        return max(times, default=None)

    def work_folder(self) -> WorkFolder:
        self.make_folder()
        return _InPlace(self, self.path)

    @contextmanager
    def fetched(self) -> Iterator[Path]:
        yield self.path

    def on_disk(self) -> Path:
        return self.path


class _InPlace(WorkFolder):
    def publish(self) -> None:
        """It is there already: what is written into it is written durably."""


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
