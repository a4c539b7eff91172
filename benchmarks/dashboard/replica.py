"""A second store, kept equal to the first by copying: whatever else appears in it was written by who reads it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PAUSE_SECONDS = 0.5
Stamp = tuple[int, int]  # size and time of the last change


class Replica:
    """Files of one folder, copied to another as they come, change and go."""

    def __init__(self, source: Path, place: Path) -> None:
        self.place = place
        self.n_copied = 0
        self._source = source
        self._spare = place.with_name(f"{place.name}-spare")
        self._seen: dict[str, Stamp] = {}
        self._own: dict[str, Stamp] = {}
        self._folders: set[str] = set()
        self._stopping = threading.Event()
        place.mkdir()

    def copy(self) -> None:
        """Make it equal to what is there now: what tables consist of before their logs, which name it."""
        there = _listing(self._source)
        for name in sorted(there, key=lambda one: ("_delta_log" in one, "_last_checkpoint" in one, one)):
            if self._seen.get(name) == there[name]:
                continue
            with suppress(FileNotFoundError):  # a file that had another name a moment later
                shutil.copy2(self._source / name, self._spare)
                self._folders |= {str(part) for part in Path(name).parents}
                (self.place / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(self._spare, self.place / name)
                self._own[name] = _stamp(self.place / name)
                self._seen[name] = there[name]
                self.n_copied += 1
        for name in set(self._seen) - set(there):
            (self.place / name).unlink()
            del self._seen[name], self._own[name]

    def strangers(self) -> list[str]:
        """Files and folders that somebody else made, changed or removed."""
        there = _listing(self.place)
        wrong = {name for name in there.keys() | self._own.keys() if there.get(name) != self._own.get(name)}
        folders = {str(path.relative_to(self.place)) for path in self.place.rglob("*") if path.is_dir()}
        return sorted(wrong | (folders - self._folders))

    def follow(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            self.copy()

    def stop(self) -> None:
        self._stopping.set()


@contextmanager
def following(source: Path, place: Path) -> Iterator[Replica]:
    """A replica that follows its source until the end."""
    replica = Replica(source, place)
    replica.copy()
    thread = threading.Thread(target=replica.follow)
    thread.start()
    try:
        yield replica
    finally:
        replica.stop()
        thread.join()


def _listing(folder: Path) -> dict[str, Stamp]:
    found = {}
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                found[str(path.relative_to(folder))] = _stamp(path)
    return found


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
