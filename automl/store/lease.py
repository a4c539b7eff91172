"""A lease: one holder at a time, and nobody waits for ever for one that died."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from automl.store.files import make_folder


@contextmanager
def lease(path: Path, seconds: float) -> Iterator[bool]:
    """Hold the lease while inside; gives whether it was got, at once.

    The file at `path` is the lease, and its time of change its beginning. One older than `seconds`
    belongs to a dead holder and is taken over. Work under it must be safe, if wasteful, when two do it.
    """
    token = secrets.token_hex(16)
    got = _take(path, token) or (_is_old(path, seconds) and _clear(path, seconds) and _take(path, token))
    try:
        yield got
    finally:
        if got and _holder(path) == token:
            path.unlink(missing_ok=True)


def _take(path: Path, token: str) -> bool:
    make_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(token)
    return True


def _clear(path: Path, seconds: float) -> bool:
    """Move an old lease away: of several that try, the one whose rename works has taken it."""
    aside = path.with_name(f"{path.name}-{secrets.token_hex(4)}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    was_old = _is_old(aside, seconds)  # another may have cleared and taken it meanwhile: then give it back
    if not was_old:
        with suppress(FileExistsError):
            os.link(aside, path)
    aside.unlink(missing_ok=True)
    return was_old


def _is_old(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > seconds
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
