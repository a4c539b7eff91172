"""A lease: one holder at a time, and nobody waits for ever for one that died."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from automl.errors import AlreadyRecorded
from automl.store.places import Place


@contextmanager
def lease(place: Place, seconds: float) -> Iterator[bool]:
    """Hold the lease while inside; gives whether it was got, at once.

    The file there is the lease, and its time of change its beginning. One older than `seconds` belongs to a dead
    holder and is taken over. Two may hold it after that for a moment: work under it must be safe, if
    wasteful, when two do it.
    """
    token = secrets.token_hex(16).encode()
    got = _take(place, token)
    if not got and _is_old(place, seconds):
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


def _is_old(place: Place, seconds: float) -> bool:
    began = place.changed_at()
    return began is not None and time.time() - began > seconds


def _holder(place: Place) -> bytes:
    try:
        return place.read()
    except FileNotFoundError:
        return b""
