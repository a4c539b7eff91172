"""The wall clock steps an hour forwards and backwards while a search runs."""

from __future__ import annotations

import shutil
import struct
import subprocess
import time
from pathlib import Path

from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.kills import under_way

SOURCE = Path(__file__).parents[1] / "stepped_clock.c"
HOUR = 3600


def strike(scene: Scene) -> None:
    bench = scene.bench
    clock = bench.folder / "clock"
    clock.write_bytes(struct.pack("l", 0))
    bench.environment |= {"LD_PRELOAD": str(_library(bench.folder)), "STEPPED_CLOCK": str(clock)}
    driver = under_way(scene)
    before = bench.records()
    began, n_steps = time.monotonic(), 0
    while driver.poll() is None:
        _set(clock, scene.rng.choice((-HOUR, 0, HOUR)))
        n_steps += 1
        time.sleep(scene.rng.uniform(0.2, 1.0))
    took = time.monotonic() - began
    scene.count.struck += n_steps > 0
    assert driver.returncode == 0, bench.log
    scene.settle(before)
    rows = bench.rows()
    failed = rows.filter(state="failed")["message"].to_list()
    scene.check(not failed, f"attempts failed: {failed}")
    times = rows["train_seconds"].to_list()
    scene.check(
        0 <= min(times) <= max(times) < took + HOUR / 2, f"trials took {min(times)} to {max(times)} s"
    )
    (row,) = bench.rows("searches").iter_rows(named=True)
    seconds = row["train_seconds"]
    scene.check(0 < seconds < took + HOUR / 2, f"the row says that the search took {seconds:g} s")


def _library(folder: Path) -> Path:
    library = folder / "stepped_clock.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


def _set(clock: Path, seconds: int) -> None:
    """Lets the clock show so much more than it is, at once: the file is mapped where it is read."""
    with clock.open("r+b") as file:
        file.write(struct.pack("l", seconds))


def lacking() -> str | None:
    return None if shutil.which("cc") else "there is no C compiler (cc) for the stepped clock"


FAULT = Fault(
    injects="the wall clock of every Python process steps by an hour or two, forwards and backwards, twice a second",
    holds="order, deadlines and budgets do not notice; no attempt fails; the seconds that rows tell stay true",
    noticed="not at all: seconds are monotonic, order is by terms and numbers, ages are by the store's own clock",
    strike=strike,
    seconds=25,
    lacking=lacking,
)
