"""The small files of a search that say how far it got: whole at any moment, but the last writer wins."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from automl.errors import StorageError
from automl.store import SearchFolder
from automl.store.files import TEMPORARY

CLOCK = "clock.json"


def spent_seconds(folder: SearchFolder) -> float:
    """The wall-clock time that earlier terms of a search took; 0 where nothing says so."""
    try:
        return float(json.loads((folder.path / CLOCK).read_bytes())["seconds"])
    except (FileNotFoundError, ValueError, KeyError):
        return 0.0


def write_spent_seconds(folder: SearchFolder, seconds: float) -> None:
    write_replacing(folder.path / CLOCK, {"seconds": seconds})


def write_replacing(file: Path, content: dict[str, Any]) -> None:
    """Puts this in the place of what was there.

    Raises:
        StorageError: it could not be written; what was there before is.
    """
    temporary = file.with_name(f"{TEMPORARY}{file.name}-{secrets.token_hex(4)}")
    try:
        try:
            with temporary.open("x") as stream:
                stream.write(json.dumps(content))
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"The store cannot be written: {error.strerror} ({file}).") from error
