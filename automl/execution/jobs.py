"""Drivers as processes of their own, which outlive the service that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from automl.errors import UnreachableError

MODULE = "automl.driver"


class Jobs(Protocol):
    """Starts and ends the drivers of searches. Whoever asks may be another than who started them."""

    def start(self, search_id: str) -> None:
        """Start the driver of a search. It is not asked whether one runs: of two, the later wins."""
        ...

    def running(self) -> set[str]:
        """The searches whose drivers run."""
        ...

    def pause(self, search_id: str) -> None:
        """Ask a driver to let its workers write checkpoints, and to end."""
        ...


class ProcessJobs:
    """Drivers as processes of this machine: on a laptop, or on a head where Ray runs.

    Which they are is read from ``/proc``, so that a service that was killed finds them again.
    """

    def __init__(self, store: str) -> None:
        self._store = store
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, search_id: str) -> None:
        command = [sys.executable, "-m", MODULE, search_id, "--store", self._store]
        try:
            self._children[search_id] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a signal to the service is none to its searches
            )
        except OSError as error:
            raise UnreachableError(f"The driver of {search_id} could not be started: {error}.") from error

    def running(self) -> set[str]:
        for search_id, child in list(self._children.items()):
            if child.poll() is not None:  # and it leaves no zombie
                del self._children[search_id]
        return set(self._processes())

    def pause(self, search_id: str) -> None:
        process = self._processes().get(search_id)
        if process is not None:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)

    def _processes(self) -> dict[str, int]:
        """Process ids by search, of the drivers of this store."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue  # it has just ended
            if MODULE in words[1:3] and words[-3:-1] == ["--store", self._store]:
                found[words[-4]] = int(entry.name)
        return found
