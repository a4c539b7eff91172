"""Drivers as processes of their own, which outlive the service that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from automl.errors import UnreachableError
from automl.execution.jobs import IN_ORDER, MODULE, MOST_PRINTED, command, note_end
from automl.execution.machines import Node, this_node


@dataclass(frozen=True)
class _Child:
    """A driver that was started here.

    Args:
        printed: what it printed until it had a log; the file has no name, and goes with those who hold it.
    """

    process: subprocess.Popen[bytes]
    printed: IO[bytes]


class ProcessJobs:
    """Drivers as processes of this machine: on a laptop, say.

    Which they are is read from ``/proc``, so that a service that was killed finds them again.
    """

    def __init__(self, store: str) -> None:
        self._store = store
        self._children: dict[str, _Child] = {}

    def start(self, search_id: str) -> None:
        printed = tempfile.TemporaryFile()  # noqa: SIM115  # it is closed when the driver has ended
        try:
            process = subprocess.Popen(
                command(search_id, self._store),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a signal to the service is none to its searches
            )
        except OSError as error:
            printed.close()
            raise UnreachableError(f"The driver of {search_id} could not be started: {error}.") from error
        self._children[search_id] = _Child(process, printed)

    def running(self) -> set[str]:
        for search_id, child in list(self._children.items()):
            status = child.process.poll()  # and it leaves no zombie
            if status is not None:
                del self._children[search_id]
                with child.printed:
                    if status not in IN_ORDER:
                        note_end(search_id, self._store, status, _end_of(child.printed))
        return set(self._processes())

    def pause(self, search_id: str) -> None:
        process = self._processes().get(search_id)
        if process is not None:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)

    def nodes(self) -> list[Node]:
        return [this_node()]

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


def _end_of(printed: IO[bytes]) -> str:
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(0, size - MOST_PRINTED))
    return printed.read().decode(errors="replace")
