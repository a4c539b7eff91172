"""The log of one process of a search, in the search's own folder."""

from __future__ import annotations

import atexit
import logging
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from automl.errors import StorageError
from automl.store import Place

PUBLISH_SECONDS = 10.0  # a bucket takes whole objects: the log is put there so often, where it grew
END_SECONDS = 10.0  # that a process which ends waits for its last lines to be put there
MOST_BYTES = 8 * 2**20  # of a log in a bucket, its end


_work: ContextVar[str] = ContextVar("work", default="")


@contextmanager
def attempt_at(kind: str, name: str, attempt: int) -> Iterator[None]:
    """What is logged inside is of this attempt, and every line of it says so: ``[trial 17/1]``."""
    before = _work.set(f"[{kind} {name}/{attempt}] ")
    try:
        yield
    finally:
        _work.reset(before)


class _Lines(logging.Formatter):
    """Every line begins with the time, the level and the attempt, those of a traceback too."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        start = f"{self.formatTime(record)} {record.levelname} {_work.get()}"
        return "\n".join(start + line for line in text.splitlines())


def log_to(place: Place) -> None:
    """Sends what this process logs to `place`, behind what is there on a disk, or over it in a bucket."""
    path = place.on_disk()
    if path is None:
        path = _published(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path)
    handler.setFormatter(_Lines())
    log = logging.getLogger("automl")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def append(place: Place, text: bytes) -> None:
    """Puts text behind the log of a process that has ended, or had none.

    Raises:
        StorageError: the bucket does not take it.
        OSError: the disk does not.
    """
    path = place.on_disk()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as log:
            log.write(text)
        return
    try:
        before = place.read()
    except FileNotFoundError:
        before = b""
    place.write_over((before + text)[-MOST_BYTES:])


def _published(place: Place) -> Path:
    """A file of this machine that is put into the bucket as it grows, until the process ends."""
    path = Path(tempfile.mkdtemp(prefix="automl-log-")) / place.name
    try:
        path.write_bytes(place.read())
    except FileNotFoundError:
        path.touch()

    def publish() -> None:
        published, ending = before, False
        while not ending:
            ending = stopping.wait(PUBLISH_SECONDS)
            if path.stat().st_size != published:
                published = path.stat().st_size
                try:
                    place.write_over(path.read_bytes()[-MOST_BYTES:])
                except StorageError:
                    published = -1  # once more, next time

    def end() -> None:
        stopping.set()
        thread.join(END_SECONDS)

    before, stopping = path.stat().st_size, threading.Event()
    thread = threading.Thread(target=publish, name="log", daemon=True)
    thread.start()
    atexit.register(end)
    return path
