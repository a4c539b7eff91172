"""Who is signed in: kept in the memory of the server, and nowhere else."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from automl.service.roles import Role

IDLE_SECONDS = 12 * 3600.0  # without a sign of the browser, after which one is signed out
CHECK_SECONDS = 60.0  # between two looks at whether a token is still valid
MOST_SESSIONS = 10_000  # the one that was silent longest goes first


@dataclass
class Session:
    """Somebody who is signed in.

    Args:
        token: of the service; None where they signed in by a link.
        until: when the token expires.
        seen: when their browser asked for something last, on the clock of the sessions.
        checked: when the service was asked about the token last, on the same clock.
    """

    user: str
    role: Role
    token: str | None = field(default=None, repr=False)
    until: datetime | None = None
    seen: float = 0.0
    checked: float = 0.0


class Sessions:
    """Everybody who is signed in, by the hash of the random id that their browser holds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, user: str, role: Role, token: str | None = None, until: datetime | None = None) -> str:
        """Sign somebody in; give the id for their browser."""
        session_id = secrets.token_urlsafe(32)
        now = self._clock()
        with self._lock:
            self._found[_digest(session_id)] = Session(user, role, token, until, now, now)
            if len(self._found) > MOST_SESSIONS:
                self._found.popitem(last=False)
        return session_id

    def find(self, session_id: str) -> Session | None:
        """Whose id it is; None where that is nobody, or nobody any more."""
        key = _digest(session_id)
        with self._lock:
            session = self._found.get(key)
            if session is None:
                return None
            now = self._clock()
            if now - session.seen > IDLE_SECONDS or (session.until and session.until <= datetime.now(UTC)):
                del self._found[key]
                return None
            session.seen = now
            self._found.move_to_end(key)
            return session

    def is_to_check(self, session: Session) -> bool:
        """Whether the service is to be asked again about a token; True for one caller each time."""
        with self._lock:
            now = self._clock()
            due = session.token is not None and now - session.checked >= CHECK_SECONDS
            if due:
                session.checked = now
            return due

    def end(self, session_id: str) -> None:
        """Sign out whose id it is."""
        with self._lock:
            self._found.pop(_digest(session_id), None)


def _digest(session_id: str) -> str:
    return sha256(session_id.encode(errors="replace")).hexdigest()
