"""Reads the data of a submitted search, in a process of its own: what hurts it hurts nobody else.

``python -m automl.service.planning`` imports what planning needs, reads ``{"spec": ..., "store": ..., "cpus": ...,
"gpus": ...}``, prints the search as it is resolved, or what is wrong with it, and ends. The imports take seconds, so
that one such process waits ahead of time.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
from contextlib import redirect_stdout
from dataclasses import replace
from typing import Any

from automl import errors
from automl.data.files.compressed import MAX_BYTES
from automl.errors import AutoMLError, RequestError, UnreachableError

SECONDS = 600.0
MEMORY_BYTES = 32 * 2**30  # of addresses, of which torch alone reserves many
MOST_AT_ONCE = 4  # each takes some hundred megabytes before it has read anything
Process = subprocess.Popen[bytes]


class Planner:
    """Plans each search in a new process; once that has ended, the next one is made ready.

    It may be used by many threads at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._spare: Process | None = None
        self._stopped = True

    def start(self) -> None:
        """Has a process ready from now on."""
        self._stopped = False
        self._make_ready()

    def stop(self) -> None:
        """Ends the process that waits."""
        with self._lock:
            self._stopped = True
            spare, self._spare = self._spare, None
        if spare is not None:
            _end(spare)

    def plan(self, spec: dict[str, Any], store: str, n_cpus: int, n_gpus: int) -> dict[str, Any]:
        """``{"search": as resolved, "notes": [...]}`` of a spec.

        Raises:
            RequestError: what is wrong with the spec or its data.
        """
        asked = json.dumps({"spec": spec, "store": store, "cpus": n_cpus, "gpus": n_gpus})
        with self._turns:
            process = self._take()
            try:
                out, said = process.communicate(asked.encode(), timeout=SECONDS)
            except subprocess.TimeoutExpired as error:
                raise RequestError(
                    f"The data could not be read within {SECONDS:.0f} s; give less, or max_rows."
                ) from error
            finally:
                _end(process)
                self._make_ready()
        return _understood(out, said, process.returncode)

    def _take(self) -> Process:
        """The process that waits, or a new one where none does, or it has died."""
        with self._lock:
            ready, self._spare = self._spare, None
        if ready is None:
            return _begin()
        if ready.poll() is not None:
            _end(ready)
            return _begin()
        return ready

    def _make_ready(self) -> None:
        with self._lock:
            if self._spare is None and not self._stopped:
                self._spare = _begin()


def _begin() -> Process:
    """A process that will read one request; it ends by itself when whoever began it ends."""
    command = [sys.executable, "-m", "automl.service.planning"]
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise UnreachableError(
            f"The process that reads the data could not be started: {error}. Try again later."
        ) from error


def _end(process: Process) -> None:
    """Ends a process where it has not ended, and closes its pipes."""
    process.kill()
    process.communicate()
    assert process.stdin is not None
    process.stdin.close()  # it is open still where a request was not read to its end


def _understood(out: bytes, said: bytes, status: int) -> dict[str, Any]:
    """What a process found, or what is wrong raised as the error that it is."""
    try:
        found: dict[str, Any] = json.loads(out)
    except ValueError as error:
        lines = said.decode(errors="replace").strip().splitlines()
        last = lines[-1][:300] if lines else "it said nothing"
        raise RequestError(f"The process that read the data ended with status {status}: {last}.") from error
    if "error" in found:
        kind = getattr(errors, str(found["error"]["kind"]), RequestError)
        raise (kind if issubclass(kind, RequestError) else RequestError)(str(found["error"]["message"]))
    return found


def main() -> None:
    _import_all()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_BYTES, MAX_BYTES))  # archives are unpacked to read them
    text = sys.stdin.read()
    if not text:
        return  # the service has ended, or wants no more
    try:
        with redirect_stdout(sys.stderr):  # a family of a user's own may print
            found = _plan(json.loads(text))
        print(json.dumps(found))
    except AutoMLError as error:
        print(json.dumps({"error": {"kind": type(error).__name__, "message": str(error)}}))
    except MemoryError:
        message = "The data need more memory than the service gives to reading them; give less, or max_rows."
        print(json.dumps({"error": {"kind": "RequestError", "message": message}}))


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
