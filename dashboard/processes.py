"""The command line, asked in a process of its own: what needs torch or a lot of memory stays out of the pages."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from typing import IO, Any

from automl.errors import RequestError, UnreachableError

SECONDS = 300.0
MEMORY_BYTES = 32 * 2**30  # of addresses, of which torch alone reserves many
PREFIX = "automl: "  # with which the command line begins what is wrong, after any warnings
MOST_AT_ONCE = 2  # questions that are answered while pages go on; others wait for their turn
_running: dict[subprocess.Popen[bytes], float] = {}  # and until when each may run
_lock = threading.Lock()


def ask(*arguments: str, seconds: float = SECONDS) -> Any:
    """What ``automl ARGUMENTS --json`` prints, read.

    Raises:
        RequestError: what the command says is wrong.
        UnreachableError: it gave no answer in time, or the store or the cluster does not answer it.
    """
    process = _started(arguments, subprocess.PIPE, subprocess.PIPE)
    with process:
        try:
            out, error = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as late:
            process.kill()
            raise UnreachableError(_too_long(arguments, seconds)) from late
    return _understood(arguments, process.returncode, out.decode(), error.decode(errors="replace"))


class Question:
    """``automl ARGUMENTS --json``, answered while the page goes on; whoever asked may give it up.

    Args:
        after: seconds before it begins, in which it may be given up at no cost.
    """

    def __init__(self, *arguments: str, after: float = 0.0, seconds: float = SECONDS) -> None:
        self._arguments = arguments
        self._seconds = seconds
        self._not_before = time.monotonic() + after
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._given_up = False
        self._files: tuple[IO[bytes], ...] = ()

    @property
    def running_seconds(self) -> float | None:
        """For how long it has been worked at; None while it waits for its turn."""
        return None if self._process is None else time.monotonic() - self._began

    def done(self) -> bool:
        """Whether there is an answer. It is begun by asking this, once it is its turn."""
        if self._process is None:
            if not self._given_up and time.monotonic() >= self._not_before:
                self._begin()
            return False
        if self._process.poll() is None and time.monotonic() - self._began > self._seconds:
            self._process.kill()
            self._process.wait()
        return self._process.poll() is not None

    def answer(self) -> Any:
        """What it prints, read; call it once it is done.

        Raises:
            RequestError, UnreachableError: as `ask` does.
        """
        assert self._process is not None
        status = self._process.wait()
        if status < 0 and time.monotonic() - self._began > self._seconds:
            raise UnreachableError(_too_long(self._arguments, self._seconds))
        said = []
        for file in self._files:
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
        return _understood(self._arguments, status, *said)

    def give_up(self) -> None:
        """Nobody wants the answer any more."""
        self._given_up = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _begin(self) -> None:
        with _lock:
            now = time.monotonic()
            for process, until in list(_running.items()):
                if process.poll() is None and now > until:  # whoever asked it has gone
                    process.kill()
                    process.wait()
                if process.poll() is not None:
                    del _running[process]
            if len(_running) < MOST_AT_ONCE:
                self._began = now
                out, error = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
                self._files = (out, error)
                self._process = _started(self._arguments, out, error)
                _running[self._process] = now + self._seconds
                weakref.finalize(self, _end, self._process, out, error)


def _end(process: subprocess.Popen[bytes], *files: IO[bytes]) -> None:
    """Nobody knows the question any more."""
    process.kill()
    process.wait()
    for file in files:
        file.close()


def _started(
    arguments: tuple[str, ...], out: IO[bytes] | int, error: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    """The process, which may not take all memory, whatever is in the data that somebody uploaded."""
    command = [sys.executable, "-P", "-m", "automl.cli", *arguments, "--json"]
    process = subprocess.Popen(command, stdout=out, stderr=error)
    if hasattr(resource, "prlimit"):  # not on every system
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    return process


def _too_long(arguments: tuple[str, ...], seconds: float) -> str:
    return f"`automl {arguments[0]}` gave no answer within {seconds:.0f} s."


def _understood(arguments: tuple[str, ...], status: int, out: str, error: str) -> Any:
    if status:
        said = error.strip() or f"`automl {arguments[0]}` ended with status {status}."
        raise (UnreachableError if status == 3 else RequestError)(
            said.rpartition("\n" + PREFIX)[2].removeprefix(PREFIX)
        )
    return json.loads(out)
