"""A worker that takes too much memory ends, and nobody else."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from automl.execution import memory

HOG = """
import time
from automl.execution.memory import taken_bytes, watch_memory
ended = []
watch_memory({bound}, lambda message: ended.append(message))
kept = bytearray({n_bytes})
for place in range(0, len(kept), 4096):
    kept[place] = 1
until = time.monotonic() + {seconds}
while not ended and time.monotonic() < until:
    time.sleep(0.02)
print(ended)
"""


def said(bound: int, n_bytes: int, seconds: float) -> str:
    """What is said of a process that takes so many bytes."""
    code = HOG.format(bound=bound, n_bytes=n_bytes, seconds=seconds)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_process_beyond_its_bound_is_told_once() -> None:
    text = said(400 * 2**20, 500 * 2**20, 60)
    assert text.startswith("['its worker took ")
    assert text.rstrip().endswith(" MiB, and resources.memory allows 400 MiB.']")


def test_process_within_its_bound_is_let_be() -> None:
    assert said(400 * 2**20, 10 * 2**20, 0.5) == "[]\n"


def test_memory_of_the_machine_and_of_a_process() -> None:
    used, total = memory.machine_bytes()
    assert 0 < memory.taken_bytes("self") < used < total
    assert memory.taken_bytes(2**22 + 1) == 0.0  # there is no such process


def test_on_a_full_machine_the_process_that_takes_the_most_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "FULL", 0.0)
    monkeypatch.setattr(memory, "FULL_SECONDS", 0.01)
    told: list[str] = []
    ended = threading.Event()

    def end(message: str) -> None:
        told.append(message)
        ended.set()

    monkeypatch.setattr(memory, "_of_ray", lambda: [])
    memory.watch_memory(None, end)
    assert ended.wait(60)
    assert told[0].startswith("the memory of its machine was full (")
    assert told[0].endswith("), and it took the most.")


def test_on_a_full_machine_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "FULL", 0.0)
    monkeypatch.setattr(memory, "_of_ray", lambda: ["self"])
    monkeypatch.setattr(memory, "taken_bytes", lambda process: 2.0 if process == "self" else 1.0)
    assert not memory._takes_most(1.0)
    assert memory._takes_most(2.0)
