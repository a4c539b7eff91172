"""How one comes in: what `automl dashboard` was told, which its server reads once."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Literal, get_args
from urllib.parse import urlsplit

SignIn = Literal["none", "link", "token", "oidc"]
WAYS: tuple[SignIn, ...] = get_args(SignIn)
VARIABLE = "AUTOML_DASHBOARD"
TICKET_SECONDS = 300.0  # from the moment that a link is printed; it works once


@dataclass(frozen=True)
class Entrance:
    """How one comes in.

    Args:
        sign_in: ``none`` lets everybody in who reaches the port, ``link`` who has a link that works once, ``token``
            who has a token of the service, ``oidc`` who is known to an identity provider.
        port: at which the server listens.
        key: what links are signed with.
        public_url: the address that a proxy with TLS gives to the world, where there is one.
        demo: whether the store is a recorded one, which is removed at the end.
    """

    sign_in: SignIn
    port: int = 0
    key: str = ""
    public_url: str = ""
    demo: bool = False

    @property
    def cookie(self) -> str:
        """Its name: cookies are not told apart by port."""
        return f"automl-dashboard-{self.port}"

    @property
    def host(self) -> str:
        """The name that it has in the world; empty where it is on loopback alone."""
        return urlsplit(self.public_url).netloc.lower()

    def to_environment(self) -> str:
        return json.dumps(asdict(self))


OPEN = Entrance("none")
CLOSED = Entrance("link")  # without a key, no link fits


def taken_from_environment() -> Entrance:
    """What the server was told. It is taken away, so that no process that the server starts has the key."""
    said = os.environ.pop(VARIABLE, None)
    return CLOSED if said is None else Entrance(**json.loads(said))


def ticket(key: str, now: float | None = None) -> str:
    """A new ticket, which whoever has the key takes once."""
    until = int((time.time() if now is None else now) + TICKET_SECONDS)
    text = f"{until}.{secrets.token_urlsafe(18)}"
    return f"{text}.{_signature(key, text)}"


class Tickets:
    """Says of each ticket whether it lets one in: once, and until its time is over."""

    def __init__(self, key: str, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock
        self._used: dict[str, int] = {}  # until when each was good
        self._lock = threading.Lock()

    def take(self, shown: str) -> Literal["good", "used", "late", "wrong"]:
        text, _, signature = shown.rpartition(".")
        until = text.partition(".")[0]
        if not self._key or not hmac.compare_digest(_signature(self._key, text), _ascii(signature)):
            return "wrong"
        with self._lock:
            now = self._clock()
            self._used = {used: end for used, end in self._used.items() if end >= now}
            if int(until) < now:
                return "late"
            if text in self._used:
                return "used"
            self._used[text] = int(until)
        return "good"


def _signature(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(errors="replace"), sha256).hexdigest()


def _ascii(text: str) -> str:
    """`hmac.compare_digest` takes no other text."""
    return text if text.isascii() else ""
