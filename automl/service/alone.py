"""One service over one store: what keeps two of this machine off the same folder, and says where the one is."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automl.errors import RequestError
from automl.store import Store

SERVING = "service/serving"  # in the store: the address of the service, locked as long as it runs
_PATIENCE_SECONDS = 1.0  # with those who only look whether it is locked


@contextmanager
def alone(store: Store, url: str) -> Iterator[None]:
    """Keeps other services of this machine off a store that is a folder; where it is a bucket, nothing does.

    Raises:
        RequestError: one runs over it already.
    """
    file = _file(store)
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked(held, fcntl.LOCK_EX, _PATIENCE_SECONDS):
            raise RequestError(
                f"A service runs over the store {store} already, at {_said(held)}. End it first, or use it: set "
                "AUTOML_URL and AUTOML_TOKEN."
            )
        os.ftruncate(held, 0)
        os.pwrite(held, url.encode(), 0)
        yield
    finally:
        os.close(held)  # and the lock goes, as it does where the process dies


def running_at(store: Store) -> str | None:
    """The address of the service of this machine that runs over a store; None where there is none."""
    file = _file(store)
    try:
        held = os.open(file, os.O_RDONLY) if file is not None else None
    except OSError:
        return None
    if held is None:
        return None
    try:
        return None if _locked(held, fcntl.LOCK_SH, 0.0) else _said(held)
    finally:
        os.close(held)


def _file(store: Store) -> Path | None:
    folder = store.place.on_disk()
    return None if folder is None else folder / SERVING


def _locked(held: int, kind: int, patience: float) -> bool:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(held, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.05)
        else:
            return True


def _said(held: int) -> str:
    return os.pread(held, 500, 0).decode(errors="replace") or "an address that it has not said"
