"""A lease: one holder at a time, and nobody waits for ever for one that died."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from automl.errors import AlreadyRecorded, StorageError
from automl.store.places import Place
from automl.store.places.disk import TEMPORARY


@contextmanager
def lease(folder: Place, name: str, seconds: float) -> Iterator[bool]:
    """Hold the lease of that name while inside; gives whether it was got, at once.

    The file there is the lease, and its time of change its beginning. One older than `seconds` belongs to a dead
    holder and is taken over. Two may hold it after that for a moment: work under it must be safe, if
    wasteful, when two do it.
    """
    place = folder / name
    token = secrets.token_hex(16).encode()
    got = _take(place, token)
    if not got and _is_old(folder, place, seconds):
        place.remove()
        got = _take(place, token)
    try:
        yield got
    finally:
        if got and _holder(place) == token:
            place.remove()


def _take(place: Place, token: bytes) -> bool:
    try:
        place.write_once(token)
    except AlreadyRecorded:
        return False
    return True


def clock(folder: Place) -> float:
    """What time it is by the clock that `changed_at` tells, in seconds since the epoch.

    That of this machine may be another: it is an hour wrong, or it has just been set.
    """
    probe = folder / f"{TEMPORARY}clock-{secrets.token_hex(4)}"
    probe.write_once(b"")
    try:
        now = probe.changed_at()
    finally:
        probe.remove()
    if now is None:
        raise StorageError(f"The file {probe} was removed by another as soon as it was written.")
    return now


def _is_old(folder: Place, place: Place, seconds: float) -> bool:
    began = place.changed_at()
    return began is not None and clock(folder) - began > seconds


def _holder(place: Place) -> bytes:
    try:
        return place.read()
    except FileNotFoundError:
        return b""
