"""The audit log: who did what, when; one file an event, which nothing changes afterwards."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from automl.store import Store


class Audit:
    """What is written are events that change something, and requests that were refused."""

    def __init__(self, store: Store) -> None:
        self._place = store.place / "service" / "audit"

    def write(self, event: str, user: str, **details: Any) -> None:
        """Keep an event for ever. `details` never holds a token or a password."""
        now = datetime.now(UTC)
        line = {"at": now.isoformat(), "event": event, "user": user, **details}
        name = f"{now:%Y-%m-%d}/{now:%H%M%S%f}-{secrets.token_hex(4)}.json"
        (self._place / name).write_once(json.dumps(line).encode())

    def read(self, day: str) -> Iterator[dict[str, Any]]:
        """The events of one day, such as ``2026-01-31``, the first first."""
        folder = self._place / day
        for name in sorted(folder.names()):
            yield json.loads((folder / name).read())
