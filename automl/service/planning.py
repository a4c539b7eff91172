"""Reads the data of a submitted search, in a process of its own with limits: what hurts it hurts nobody else.

``python -m automl.service.planning`` imports what planning needs, which takes seconds, and reads nothing of anybody's
itself: for each socket that it is handed through its standard input it forks a process, which reads
``{"spec": ..., "store": ..., "cpus": ..., "gpus": ...}`` from there, answers with the search as it is resolved, or with
what is wrong, and ends.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

from automl import errors
from automl.data.files.compressed import MAX_BYTES
from automl.errors import AutoMLError, RequestError, UnreachableError

SECONDS = 600.0
MEMORY_BYTES = 32 * 2**30  # of addresses, of which torch alone reserves many
MOST_AT_ONCE = 4  # each takes some hundred megabytes for its data
_LATER_SECONDS = 5.0  # than a process that takes too long ends itself
_MOST_BYTES = 64 * 2**20  # of an answer


class Planner:
    """Plans each search in a new process. It may be used by many threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._parent: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self) -> None:
        """Does the imports now, so that the first who plans need not wait for them."""
        with self._lock:
            self._begin()

    def stop(self) -> None:
        """Leaves no process behind but those that plan, which end by themselves."""
        with self._lock:
            self._end()

    def plan(self, spec: dict[str, Any], store: str, n_cpus: int, n_gpus: int) -> dict[str, Any]:
        """``{"search": as resolved, "notes": [...]}`` of a spec.

        Raises:
            RequestError: what is wrong with the spec or its data.
        """
        asked = {"spec": spec, "store": store, "cpus": n_cpus, "gpus": n_gpus, "seconds": SECONDS}
        with self._turns:
            return _understood(self._asked(json.dumps(asked).encode()))

    def _asked(self, question: bytes) -> bytes:
        """What a new process answers; nothing where it died."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._hand_over(theirs)
            ours.settimeout(SECONDS + _LATER_SECONDS)
            answer = bytearray()
            try:
                ours.sendall(question)
                ours.shutdown(socket.SHUT_WR)
                while (part := ours.recv(2**16)) and len(answer) <= _MOST_BYTES:
                    answer += part
            except TimeoutError as error:
                raise RequestError(
                    f"The data could not be read within {SECONDS:.0f} s; give less, or max_rows."
                ) from error
            except ConnectionError:
                return b""
        return bytes(answer)

    def _hand_over(self, theirs: socket.socket) -> None:
        """Lets a process be forked that answers at this socket."""
        with self._lock:
            for _ in range(2):
                if self._parent is None or self._parent.poll() is not None:
                    self._begin()
                assert self._control is not None
                try:
                    socket.send_fds(self._control, [b"."], [theirs.fileno()])
                except OSError:  # it has died since
                    self._end()
                else:
                    return
        raise UnreachableError(
            "The process that reads data ended as it began; `python -m automl.service.planning` on the service's "
            "machine may print why."
        )

    def _begin(self) -> None:
        self._end()
        self._control, theirs = socket.socketpair()
        try:
            with theirs:
                self._parent = subprocess.Popen(
                    [sys.executable, "-m", "automl.service.planning"],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # what is there may be of anybody's data
                )
        except OSError as error:
            raise UnreachableError(
                f"The process that reads the data could not be started: {error}. Try again later."
            ) from error

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._parent is not None:
            self._parent.kill()
            self._parent.wait()
        self._parent = self._control = None


def _understood(answer: bytes) -> dict[str, Any]:
    """What a process found, or what is wrong raised as the error that it is."""
    try:
        found: dict[str, Any] = json.loads(answer)
    except ValueError as error:
        raise RequestError(
            "The process that read the data ended without an answer: they take too much memory or more than "
            f"{SECONDS:.0f} s, or break what reads them. Give less, or max_rows, or write them again."
        ) from error
    if "error" in found:
        kind = getattr(errors, str(found["error"]["kind"]), RequestError)
        raise (kind if issubclass(kind, RequestError) else RequestError)(str(found["error"]["message"]))
    return found


def main() -> None:
    _import_all()
    control = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that are forked
    while True:
        message, (*handed,), _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return  # the service has ended, or wants no more
        if os.fork() == 0:
            try:
                control.close()
                _answer(socket.socket(fileno=handed[0]))
            finally:
                os._exit(0)
        os.close(handed[0])


def _answer(asker: socket.socket) -> None:
    """One question, answered within limits."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with asker.makefile("rb") as question:
        asked = json.loads(question.read())
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"])  # which ends it, whatever it does
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_BYTES, MAX_BYTES))  # archives are unpacked to read them
    try:
        found = _plan(asked)
    except AutoMLError as error:
        found = {"error": {"kind": type(error).__name__, "message": str(error)}}
    except MemoryError:
        message = "The data need more memory than the service gives to reading them; give less, or max_rows."
        found = {"error": {"kind": "RequestError", "message": message}}
    asker.sendall(json.dumps(found).encode())


def _import_all() -> None:
    """What any plan may need; torch comes with the families."""
    from automl import catalog, run
    from automl.data import prepare
    from automl.store import uploads

    del run, prepare, uploads
    for name in catalog.names("family"):
        catalog.family(name)
    for name in catalog.names("metric"):
        catalog.metric(name)


def _plan(asked: dict[str, Any]) -> dict[str, Any]:
    from automl.machine import Machine
    from automl.run import plan_search
    from automl.spec import parse_spec, with_paths
    from automl.store import open_store
    from automl.store.uploads import Uploads

    uploads = Uploads(open_store(asked["store"]))
    sent: dict[str, str] = {}  # how a file of this machine was named by whoever sent it

    def fetch(path: str) -> str:
        local = str(uploads.fetch(path))
        sent[local] = path
        return local

    spec = with_paths(parse_spec(asked["spec"]), fetch)
    search, prepared = plan_search(spec, Machine(asked["cpus"], asked["gpus"], "the cluster"))
    families = tuple(
        replace(family, file=family.file and sent.get(family.file, family.file)) for family in search.families
    )
    spec = with_paths(search.spec, lambda path: sent.get(path, path))
    search = replace(search, spec=spec, families=families)
    return {"search": search.to_plain(), "notes": list(prepared.notes)}


if __name__ == "__main__":
    main()
