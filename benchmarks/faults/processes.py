"""Drivers in processes of their own, and everything that they started; Linux alone.

What a killed driver leaves behind is nobody's child, but it still has the driver's environment, or
at least its working folder: Ray writes over the one in some processes, and changes the other in some.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

MARK = "AUTOML_STARTED_IN"
AGENTS = ("DashboardAgent", "RuntimeEnvAgent")  # of Ray; they outlive a killed driver by up to a minute
WORKER, STUDY = "Trainable", "StudyActor"  # in the titles that Ray gives to its processes
ROOT = str(Path(__file__).parents[2])


def start(
    folder: Path, *command: str, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts ``python <command>`` in a folder; what it prints goes to ``log.txt`` there."""
    marked = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([ROOT, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        MARK: str(folder),
        **(environment or {}),
    }
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=marked,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def log_of(folder: Path) -> str:
    """The end of what was printed."""
    return (folder / "log.txt").read_text(errors="replace")[-4000:]


def started_in(folder: Path) -> dict[int, str]:
    """The title of each living process that was started there, by its number."""
    entry, place = f"{MARK}={folder}".encode(), str(folder)
    found = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            marked = entry in (process / "environ").read_bytes().split(b"\0")
            if not marked and os.readlink(process / "cwd") != place:
                continue
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            title = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (OSError, IndexError):
            continue  # it ended meanwhile, or is another user's
        if state != "Z":
            found[int(process.name)] = title
    return found


def workers_in(folder: Path) -> list[int]:
    """The numbers of the processes that train."""
    return sorted(pid for pid, title in started_in(folder).items() if WORKER in title)


def titled(folder: Path, *words: str) -> list[int]:
    """The processes that were started there and have one of these words in their titles."""
    return sorted(pid for pid, title in started_in(folder).items() if any(word in title for word in words))


def is_alive(pid: int) -> bool:
    """Whether a process runs: one that has ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def send(pid: int, number: int) -> bool:
    """Sends a signal; False where the process has just ended by itself."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def free_port() -> int:
    """A port of this machine that nobody listens at, and that the system gives to nobody else."""
    for _ in range(100):
        port = random.randrange(20_000, 30_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("no port between 20000 and 30000 is free")


def wait_until_gone(folder: Path, seconds: float = 60.0) -> dict[int, str]:
    """Waits until nothing that was started there lives; gives what outlived the time, and ends it.

    Ray's own agents are ended with the rest, but neither waited for nor told.
    """
    deadline = time.monotonic() + seconds
    while (left := _without_agents(started_in(folder))) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in started_in(folder):
        send(pid, signal.SIGKILL)
    return left


def _without_agents(processes: dict[int, str]) -> dict[int, str]:
    return {pid: title for pid, title in processes.items() if not title.endswith(AGENTS)}
