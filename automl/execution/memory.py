"""Ends a worker that takes too much of the machine's memory, and that one alone.

Once a machine is full, Ray's monitor ends the processes that began last, several at once, the study among them, and
Ray Tune ends with them: so it is off where we start Ray, and the worker that takes the most ends itself a little
earlier than it would act. Behind that stands the kernel. Linux alone: it reads ``/proc``.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

LOOK_SECONDS = 0.25
FULL = 0.9  # of the machine's memory; Ray's monitor acts at 0.95
FULL_SECONDS = 0.5  # for so long: what another process has just left is free only after a moment
_PAGE_BYTES = resource.getpagesize()
_CGROUP = Path("/sys/fs/cgroup")


def watch_memory(bound: float | None, end: Callable[[str], None]) -> None:
    """Calls `end` with a sentence, once and in a thread, when this process takes too much memory.

    Args:
        bound: bytes that it may take; without one, it may take what there is, until the machine is nearly full.
    """
    if not Path("/proc/self/statm").exists():
        return

    def watch() -> None:
        while (excess := _excess(bound)) is None:
            time.sleep(LOOK_SECONDS)
        end(excess)

    threading.Thread(target=watch, name="memory", daemon=True).start()


def _excess(bound: float | None) -> str | None:
    """What is too much, in a sentence; None where nothing is."""
    own = taken_bytes("self")
    if bound is not None:
        if own <= bound:
            return None
        return f"its worker took {_mebibytes(own)}, and resources.memory allows {_mebibytes(bound)}."
    if not (_is_full() and _takes_most(own)):
        return None
    time.sleep(FULL_SECONDS)
    if not _is_full():
        return None
    used, total = machine_bytes()
    return f"the memory of its machine was full ({_mebibytes(used)} of {_mebibytes(total)}), and it took the most."


def taken_bytes(process: int | str) -> float:
    """Memory that is a process's own, not shared with others; 0 where it has ended."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()
    except (OSError, ValueError):
        return 0.0
    return (int(resident) - int(shared)) * float(_PAGE_BYTES)


def machine_bytes() -> tuple[float, float]:
    """Memory that is taken and that there is, of the container where this is one with a bound."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, free = (int(lines[name].split()[0]) * 1024.0 for name in ("MemTotal", "MemAvailable"))
    used = total - free
    try:
        bound = float((_CGROUP / "memory.max").read_text())  # "max" where there is none
        taken = float((_CGROUP / "memory.current").read_text())
        inactive = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return used, total
    return (taken - float(inactive.get("inactive_file", 0)), bound) if bound < total else (used, total)


def _is_full() -> bool:
    used, total = machine_bytes()
    return used > FULL * total


def _takes_most(own: float) -> bool:
    """Whether no other process of Ray's on this machine takes more."""
    return all(taken_bytes(process) <= own for process in _of_ray())


def _of_ray() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                title = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it has just ended
            if title.startswith(b"ray::"):
                found.append(int(entry.name))
    return found


def _mebibytes(n_bytes: float) -> str:
    return f"{n_bytes / 2**20:,.0f} MiB"
