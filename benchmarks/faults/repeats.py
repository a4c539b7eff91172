"""Repeats a fault, each time in a folder of its own, and says what was counted."""

from __future__ import annotations

import importlib
import pkgutil
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks._measure import Measure
from benchmarks.faults import catalogue
from benchmarks.faults.bench import Bench
from benchmarks.faults.fault import Count, Fault, Scene
from benchmarks.faults.processes import wait_until_gone

COUNTED = ("lost", "doubled", "again", "left_running")
UNITS = {"lost": "records", "doubled": "records", "again": "trials", "left_running": "processes"}


def names() -> list[str]:
    """The names of all faults: those of the files in the catalogue."""
    found = (module.name for module in pkgutil.iter_modules(catalogue.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def load(name: str) -> Fault:
    """The fault of that name."""
    fault: Fault = importlib.import_module(f"{catalogue.__name__}.{name}").FAULT
    return fault


def repeated(
    name: str, strike: Callable[[Scene], None], repeats: int, seed: int, quick: bool = False
) -> Count:
    """The counts over so many repeats. A folder in which something was found stays, and is named."""
    count = Count()
    for number in range(repeats):
        rng = random.Random(f"{name} {seed} {number}")  # each repeat alone can be had again
        with _scratch(count) as folder:
            n_broken = len(count.broken)
            scene = Scene(Bench(folder), rng, count, number, quick)
            began = time.monotonic()
            try:
                strike(scene)
            except AssertionError as error:
                scene.check(False, str(error))
            ended = time.monotonic()
            left = wait_until_gone(folder)
            for broken in count.broken[n_broken:]:
                print(f"  BROKEN: {broken}", flush=True)
            count.left_running += len(left)
            count.repeats += 1
            for title in left.values():
                print(f"  left running: {title[:100]}", flush=True)
        print(f"{name} {number + 1}, {ended - began:.0f} s: {line(count)}", flush=True)
    return count


@contextmanager
def _scratch(count: Count) -> Iterator[Path]:
    """A folder whose path is short, as Ray's sockets need; it is removed where nothing went wrong in it."""
    folder = Path(tempfile.mkdtemp(prefix="af-")).resolve()
    before = _harms(count)
    try:
        yield folder
    finally:
        wait_until_gone(folder, seconds=0)
    if _harms(count) == before:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"  what is left of it: {folder}", flush=True)


def _harms(count: Count) -> tuple[int, ...]:
    return (count.lost, count.doubled, count.again, count.left_running, len(count.broken))


def line(count: Count) -> str:
    """The counts in a line."""
    text = (
        f"struck {count.struck}, acknowledged {count.acknowledged} before and {count.after} after, "
        f"lost {count.lost}, doubled {count.doubled}, run again {count.again}, left running "
        f"{count.left_running}, promises broken {len(count.broken)}"
    )
    for what, seconds in (("detected", count.detected), ("recovered", count.recovered)):
        if seconds:
            text += (
                f"; {what} in {percentile(seconds, 50):.1f} s (p50), {percentile(seconds, 95):.1f} s (p95)"
            )
    return text


def percentile(seconds: Sequence[float], q: float) -> float:
    return float(np.percentile(seconds, q))


def measures(name: str, fault: Fault, count: Count, peer: Count | None, seconds: float) -> list[Measure]:
    """The figures of one fault, beside those of the peer."""
    said = (
        None if peer is None else f"Ray Tune as shipped, {peer.repeats} repeats, {peer.acknowledged} finished"
    )
    found = [
        Measure(
            name=f"{name}, {count.struck} times: {what.replace('_', ' ')}, of {count.acknowledged} acknowledged",
            value=getattr(count, what),
            unit=UNITS[what],
            reach=0,
            met=getattr(count, what) == 0,
            peer=said if what in ("lost", "again") else None,
            peer_value=getattr(peer, what) if peer is not None and what in ("lost", "again") else None,
            repeats=count.repeats,
            seconds=seconds,
        )
        for what in COUNTED
    ]
    broken = len(count.broken)
    found.append(
        Measure(
            f"{name}: promises broken",
            broken,
            "times",
            0,
            broken == 0,
            repeats=count.repeats,
            seconds=seconds,
        )
    )
    for what, times, within in (
        ("detected", count.detected, fault.within),
        ("recovered", count.recovered, None),
    ):
        for q in (50, 95) if times else ():
            value = percentile(times, q)
            reach = within if q == 95 else None
            met = None if reach is None else value <= reach
            found.append(
                Measure(f"{name}: {what}, p{q}", value, "s", reach, met, repeats=len(times), seconds=seconds)
            )
    return found
