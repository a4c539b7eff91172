"""The log of one process of a search, in the search's own folder."""

from __future__ import annotations

import logging
import tempfile
import threading
from pathlib import Path

from automl.errors import StorageError
from automl.store import Place

FORMAT = "%(asctime)s %(levelname)s %(message)s"
PUBLISH_SECONDS = 10.0  # a bucket takes whole objects: the log is put there so often, where it grew
MOST_BYTES = 8 * 2**20  # of a log in a bucket, its end


def log_to(place: Place) -> None:
    """Sends what this process logs to `place`, behind what is there on a disk, or over it in a bucket."""
    path = place.on_disk()
    if path is None:
        path = _published(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter(FORMAT))
    log = logging.getLogger("automl")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def _published(place: Place) -> Path:
    """A file of this machine that is put into the bucket as it grows, until the process ends."""
    path = Path(tempfile.mkdtemp(prefix="automl-log-")) / place.name
    try:
        path.write_bytes(place.read())
    except FileNotFoundError:
        path.touch()

    def publish() -> None:
        published = path.stat().st_size
        while not stopping.wait(PUBLISH_SECONDS):
            if path.stat().st_size != published:
                published = path.stat().st_size
                try:
                    place.write_over(path.read_bytes()[-MOST_BYTES:])
                except StorageError:
                    published = -1  # once more, next time

    stopping = threading.Event()
    threading.Thread(target=publish, name="log", daemon=True).start()
    return path
