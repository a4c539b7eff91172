"""Idempotency keys: what is asked for again, because its answer was lost, is done once and answered alike.

A client makes a key for each submission and repeats it when it asks again. The key belongs to the first body that
came with it: that is written down before anything is done, and the answer behind it. A service that is killed in
between does the same again for whoever asks again.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any
from weakref import WeakValueDictionary

from fastapi import HTTPException
from fastapi.concurrency import run_in_threadpool

from automl.errors import AlreadyRecorded, RequestError
from automl.store import Place, Store

MOST_KEYS = 1000  # that are remembered of each user
_KEY = re.compile(r"[A-Za-z0-9_-]{8,128}")


class Keys:
    """The keys of every user of one store: ``service/keys/<user>/<hash of the key>/{request,answer}``."""

    def __init__(self, store: Store) -> None:
        self._place = store.place / "service" / "keys"
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def once(
        self,
        user: str,
        key: str | None,
        body: Mapping[str, Any],
        act: Callable[[], Awaitable[dict[str, Any]]],
    ) -> dict[str, Any]:
        """What `act` gives, or gave the first time that this user came with this key.

        Raises:
            HTTPException: 409 where the key came with another body before.
        """
        if key is None:
            return await act()
        check_key(key)
        place = self._place / user / sha256(key.encode()).hexdigest()[:32]
        lock = self._locks.setdefault((user, key), asyncio.Lock())
        async with lock:  # those who come while it is done wait for its answer
            await run_in_threadpool(_claim, self._place / user, place, _digest(body))
            known = await run_in_threadpool(_read, place / "answer")
            if known is not None:
                return known
            answer = await act()
            return await run_in_threadpool(_keep, place / "answer", answer)


def _claim(folder: Place, place: Place, digest: str) -> None:
    """Lets a key of the user's `folder` belong to a body."""
    try:
        (place / "request").write_once(json.dumps({"sha256": digest}).encode())
    except AlreadyRecorded:
        claimed = _read(place / "request")
        if claimed is not None and claimed["sha256"] != digest:
            raise HTTPException(
                409,
                "This Idempotency-Key came with another request before. A new request takes a new key; the same "
                "one again must be the same to the letter.",
            ) from None
    else:
        _forget_oldest(folder)


def _forget_oldest(folder: Place) -> None:
    names = folder.names()
    if len(names) <= MOST_KEYS:
        return
    ages = [((folder / name / "request").changed_at() or 0.0, name) for name in names]
    for _, name in sorted(ages)[: len(names) - MOST_KEYS + MOST_KEYS // 10]:
        (folder / name).remove()


def check_key(key: str) -> None:
    """Raise `RequestError` where it is no key."""
    if not _KEY.fullmatch(key):
        raise RequestError(
            f"An Idempotency-Key is 8 to 128 letters, digits, '-' and '_', such as a UUID, but got {key[:150]!r}."
        )


def _digest(body: Mapping[str, Any]) -> str:
    return sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _read(place: Place) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(place.read())
    except FileNotFoundError:
        return None
    return found


def _keep(place: Place, answer: dict[str, Any]) -> dict[str, Any]:
    try:
        place.write_once(json.dumps(answer).encode())
    except AlreadyRecorded:
        return _read(place) or answer
    return answer
