"""What a search's folder shows beside its records: whose it is, when its driver was last there, how logs end."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from automl.errors import NotFoundError, nearest
from automl.store.places import Place
from automl.store.store import Store

SUBMISSION = "submission.json"  # where a service accepted the search
CLOCK = "clock.json"  # which a driver writes again every few seconds


def owner(store: Store, search_id: str) -> str | None:
    """Who submitted a search; None where it was begun by hand."""
    try:
        submission = json.loads((store.search_place(search_id) / SUBMISSION).read())
    except FileNotFoundError:
        return None
    return str(submission["user"])


def last_sign(store: Store, search_id: str) -> datetime | None:
    """When the driver of a search last said that it is there; None before it has."""
    said = (store.search_place(search_id) / CLOCK).changed_at()
    return None if said is None else datetime.fromtimestamp(said, UTC)


def log_of(store: Store, search_id: str, name: str) -> Place:
    """A log of a search.

    Raises:
        NotFoundError: there is no such search, or it has no such log.
    """
    place = store.search(search_id).place / "logs"
    if name not in place.names():
        raise NotFoundError(f"{search_id} has no log {name[:100]!r}: {nearest(name, place.names())}")
    return place / name


def log_tail(store: Store, search_id: str, name: str, n_bytes: int) -> tuple[bytes, int]:
    """The end of a log, at most so many bytes, and how many it has in all.

    Raises:
        NotFoundError: there is no such search, or it has no such log.
    """
    log = log_of(store, search_id, name)
    size = sum(found.n_bytes for found in log.files())
    return log.read_range(max(0, size - n_bytes), n_bytes), size
