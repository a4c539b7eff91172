"""The service that the dashboard starts over a store of this machine when somebody first wants something of it."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import timedelta

import httpx

from automl.errors import AutoMLError, UnreachableError
from automl.remote import Remote
from automl.service.alone import running_at
from automl.service.tokens import Token, Tokens
from automl.store import Store

START_SECONDS = 60.0
STOP_SECONDS = 10.0
TOKEN_LASTS = timedelta(days=30)
_MOST_SAID = 1000  # characters of why it did not start


class OwnService:
    """At most one over its store: one that runs there already is used instead.

    It ends with the dashboard; searches that it started go on, and the next service takes them up.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._remote: Remote | None = None
        self._token: Token | None = None

    def remote(self) -> Remote | None:
        """The service, while it runs; None before it is started."""
        process = self._process
        return self._remote if process is None or process.poll() is None else None

    def why_none(self) -> str | None:
        """Why none can be started over this store; None where one can."""
        folder = self._store.place.on_disk()
        if folder is None:
            return f"Nothing can be changed here: start `automl serve --store {self._store}`, and set AUTOML_URL."
        if not os.access(folder, os.W_OK):
            return (
                f"The store {self._store} cannot be written by {getpass.getuser()}: it can only be looked at."
            )
        return None

    def started(self) -> Remote:
        """The service, started where it does not run. It takes some seconds.

        Raises:
            UnreachableError: it did not start, with what it said.
        """
        with self._lock:
            found = self.remote()
            if found is not None and _answers(found):
                return found
            self._end()
            try:
                return self._begun(running_at(self._store))
            except AutoMLError:
                self._end()
                raise

    def stop(self) -> None:
        """End it, and what let the dashboard in."""
        with self._lock:
            self._end()

    def _begun(self, there: str | None) -> Remote:
        shown, self._token = Tokens(self._store).create(getpass.getuser(), "admin", TOKEN_LASTS)
        if there is None:
            port = _free_port()
            self._remote = Remote(f"http://127.0.0.1:{port}", shown)
            self._start(port)
        else:
            self._remote = Remote(there, shown)
            self._remote.me()
        return self._remote

    def _start(self, port: int) -> None:
        assert self._remote is not None
        options = ("--store", str(self._store), "--port", str(port), "--allow-code", "--with-input")
        with tempfile.TemporaryFile() as said:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "automl.cli", "serve", *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,  # Ctrl-C is for the dashboard, which ends it in order
            )
            until = time.monotonic() + START_SECONDS
            while time.monotonic() < until and self._process.poll() is None:
                if _answers(self._remote):
                    return
                time.sleep(0.1)
            said.seek(0)
            reason = _reason(said.read().decode(errors="replace"))
        raise UnreachableError(f"The service of this dashboard did not start over {self._store}. {reason}")

    def _end(self) -> None:
        process, token = self._process, self._token
        self._process = self._remote = self._token = None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if token is not None:
            with suppress(AutoMLError, OSError):  # the store may be gone
                Tokens(self._store).revoke(token.id)


_services: dict[str, OwnService] = {}
_lock = threading.Lock()


def over(store: Store) -> OwnService:
    """The one over a store; it is there from the first question on, and is started by `OwnService.started`."""
    with _lock:
        found = _services.get(str(store))
        if found is None:
            found = _services[str(store)] = OwnService(store)
        return found


def stop_all() -> None:
    """End every one of them, as the dashboard ends."""
    with _lock:
        for service in _services.values():
            service.stop()
        _services.clear()


def _reason(said: str) -> str:
    """Why the command line says that it ended; the end of all that it said where it does not."""
    _, found, reason = said.rpartition("\nautoml: ")
    return reason.partition("\n")[0] if found else f"It said: {said.strip()[-_MOST_SAID:]}"


def _answers(remote: Remote) -> bool:
    try:
        return httpx.get(f"{remote}/v1/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
