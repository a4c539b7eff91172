"""The small files of a search that say how far it got: whole at any moment, but the last writer wins."""

from __future__ import annotations

import json

from automl.store import SearchFolder
from automl.store.signs import CLOCK


def spent_seconds(folder: SearchFolder) -> float:
    """The wall-clock time that earlier terms of a search took; 0 where nothing says so."""
    try:
        return float(json.loads((folder.place / CLOCK).read())["seconds"])
    except (FileNotFoundError, ValueError, KeyError):
        return 0.0


def write_spent_seconds(folder: SearchFolder, seconds: float) -> None:
    (folder.place / CLOCK).write_over(json.dumps({"seconds": seconds}).encode())
