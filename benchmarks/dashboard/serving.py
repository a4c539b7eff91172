"""The dashboard as it is served, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.faults.processes import free_port
from dashboard.server import command, environment

START_SECONDS = 120.0  # on a machine that has much to do
STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Site:
    """A server of the dashboard.

    Args:
        url: of its first page, without a slash at its end.
    """

    url: str
    store: Path
    process: subprocess.Popen[bytes]

    @property
    def resident_bytes(self) -> int:
        """The memory of the server and of every process that it started."""
        return sum(_status(pid, "VmRSS") for pid in _family(self.process.pid))

    @property
    def processor_seconds(self) -> float:
        """Time of cores that the server's process has taken so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime

    @property
    def most_resident_bytes(self) -> int:
        """The most memory that the server's process had in use so far."""
        return _status(self.process.pid, "VmHWM")


@contextmanager
def serving(store: Path, log: Path, program: Path | None = None) -> Iterator[Site]:
    """A server over a store, open to everybody who reaches its port on loopback; what it prints goes to `log`.

    Args:
        program: of Streamlit, in the place of the dashboard's.
    """
    port = free_port()
    url, began = f"http://127.0.0.1:{port}", time.monotonic()
    words = command(port)
    if program is not None:
        words[words.index("run") + 1] = str(program)
    with log.open("wb") as out:
        process = subprocess.Popen(
            words, env=environment(str(store)), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        while not _answers(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - began < START_SECONDS, (
                f"the dashboard does not answer: {log.read_text()}"
            )
            time.sleep(0.1)
        yield Site(url, store, process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_stcore/health", timeout=5).is_success
    except httpx.TransportError:
        return False


def _family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


def _status(pid: int, field: str) -> int:
    """A size that the kernel states of a process, in bytes; 0 for one that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")), 0)
