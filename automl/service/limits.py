"""How much a user may ask for. Each limit and its default is here; `automl serve --limit NAME=VALUE` changes one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from hashlib import sha256

from automl.errors import RequestError, nearest
from automl.store import Store

MOST_KNOWN = (
    10_000  # tokens or addresses that are counted at once; the one that came first is forgotten first
)
MINUTE = 60.0
_DAY_SECONDS = 86_400
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Limits:
    """What one user may have, and one token or address may ask for.

    Args:
        open_searches: that wait or run at once.
        upload_bytes: that are uploaded in a day.
        requests: of one token in a minute.
        failed_logins: from one address in a minute.
    """

    open_searches: int = 100
    upload_bytes: int = 200 * 2**30
    requests: int = 3000
    failed_logins: int = 60


class TooMuch(RequestError):
    """A limit is reached; the request may be made again after so many seconds."""

    def __init__(self, message: str, retry_seconds: float) -> None:
        super().__init__(message)
        self.retry_seconds = max(1, round(retry_seconds))


def parse_limits(given: Sequence[str]) -> Limits:
    """The limits with those changed that are given.

    >>> parse_limits(["requests=600", "upload_bytes=5G"]).upload_bytes
    5368709120

    Raises:
        RequestError: one is not known, or its value is no number.
    """
    names = [field.name for field in fields(Limits)]
    values = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in names:
            raise RequestError(f"--limit knows no {name[:50]!r}: {nearest(name, names)}")
        digits, unit = (value[:-1], _UNITS[value[-1]]) if value[-1:] in _UNITS else (value, 1)
        if not digits.isascii() or not digits.isdecimal() or len(digits) > 15:
            raise RequestError(
                f"--limit {name} is a whole number, with K, M, G or T behind it where it is large, but got "
                f"{value[:50]!r}."
            )
        values[name] = int(digits) * unit
    return Limits(**values)


class Pace:
    """How often each of many comes: at most `most` times a minute, all at once or one by one.

    It forgets who has not come for long, and keeps at most `MOST_KNOWN`.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()  # left, and when that was
        self._lock = threading.Lock()

    def take(self, who: str) -> float:
        """Counts one more; gives 0, or the seconds until there is room for it again."""
        with self._lock:
            left = self._left(who)
            if left < 1:
                return self._wait(left)
            self._known[who] = (left - 1, self._clock())
            self._known.move_to_end(who)
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
            return 0.0

    def wait(self, who: str) -> float:
        """As `take`, without counting."""
        with self._lock:
            left = self._left(who)
            return 0.0 if left >= 1 else self._wait(left)

    def _left(self, who: str) -> float:
        if who not in self._known:
            return float(self._most)
        left, at = self._known[who]
        return min(self._most, left + (self._clock() - at) * self._most / MINUTE)

    def _wait(self, left: float) -> float:
        return (1 - left) * MINUTE / self._most if self._most else MINUTE


class Logins:
    """Spares the store those who try tokens; a token that was valid comes through wherever others are tried."""

    def __init__(self, most_failures: int) -> None:
        self._failures = Pace(most_failures)
        self._valid: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str, shown: str) -> float:
        """Seconds until this address may show a token that is not known; 0 where it may at once."""
        with self._lock:
            if _digest(shown) in self._valid:
                return 0.0
        return self._failures.wait(address)

    def failed(self, address: str) -> None:
        self._failures.take(address)

    def valid(self, shown: str) -> None:
        with self._lock:
            self._valid[_digest(shown)] = None
            self._valid.move_to_end(_digest(shown))
            if len(self._valid) > MOST_KNOWN:
                self._valid.popitem(last=False)


class UploadBudget:
    """The bytes that each user has uploaded today: an empty file an upload, whose name says how many."""

    def __init__(self, store: Store, most_bytes: int) -> None:
        self._place = store.place / "service" / "uploaded"
        self._most = most_bytes

    def check(self, user: str, n_bytes: int) -> None:
        """Raise `TooMuch` where a user may not upload so many more today."""
        now = datetime.now(UTC)
        used = sum(int(name.partition("-")[0]) for name in (self._place / user / f"{now:%Y-%m-%d}").names())
        if used + n_bytes > self._most:
            raise TooMuch(
                f"{user} has uploaded {used} bytes today, and {n_bytes} more are over the limit of {self._most} a day. "
                "Go on tomorrow (UTC), or ask an admin for more.",
                _DAY_SECONDS - now.timestamp() % _DAY_SECONDS,
            )

    def count(self, user: str, digest: str, n_bytes: int) -> None:
        """An upload is there; the same one counts once."""
        folder = self._place / user
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        (folder / today / f"{n_bytes}-{digest[:16]}").write_over(b"")
        for day in folder.names():
            if day != today:
                (folder / day).remove()


def _digest(shown: str) -> str:
    """What is remembered of a token."""
    return sha256(shown.encode()).hexdigest()
