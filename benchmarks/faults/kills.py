"""What the faults of processes share: a search that is under way, its end, and how long things took."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from automl.study.work import LOST
from benchmarks.faults.bench import PATIENCE_SECONDS
from benchmarks.faults.fault import Scene

N_TRIALS, PAUSE_SECONDS = 40, 0.04
GRACE_SECONDS = 30.0  # between SIGTERM and SIGKILL, as clouds give it
Driver = subprocess.Popen[bytes]


def under_way(scene: Scene, **changes: Any) -> Driver:
    """A search of short trials, at a random moment."""
    bench = scene.bench
    bench.n_trials, bench.pause = (12 if scene.quick else N_TRIALS), PAUSE_SECONDS
    driver = bench.search(**changes)
    bench.wait_for_trials(scene.rng.randint(1, bench.n_trials - 4), driver)
    time.sleep(scene.rng.uniform(0, 0.3))
    return driver


def go_on(scene: Scene, before: dict[str, str], again: Callable[[], Driver] | None = None) -> None:
    """Resumes to the end, and counts; it has recovered with the first entry of the new term's journal.

    Args:
        again: what starts the search again, instead of `resume`.
    """
    bench, folder = scene.bench, scene.bench.folder
    terms = [int(file.name) for file in folder.glob("store/searches/*/terms/*") if file.name.isdecimal()]
    began = time.monotonic()
    driver = (again or bench.resume)()
    entries = f"store/searches/*/journal/{max(terms, default=0) + 1}-*.json"
    while driver.poll() is None and not any(folder.glob(entries)):
        assert time.monotonic() - began < PATIENCE_SECONDS, bench.log
        time.sleep(0.05)
    scene.count.recovered.append(time.monotonic() - began)
    bench.ends_well(driver)
    scene.settle(before)


def time_loss(scene: Scene, before: dict[str, str], driver: Driver) -> None:
    """Times, from now on, the record of what was lost, and the end of its next attempt.

    Nothing is timed where what was killed held nothing.
    """
    began = time.monotonic()
    known = {name.partition("/")[2] for name in before}
    lost: Path | None = None
    while driver.poll() is None:
        assert time.monotonic() - began < PATIENCE_SECONDS, scene.bench.log
        if lost is None:
            lost = _new_loss(scene, known)
            if lost is not None:
                scene.count.detected.append(time.monotonic() - began)
        elif lost.with_name(f"{int(lost.stem) + 1}.json").exists():
            scene.count.recovered.append(time.monotonic() - began)
            return
        time.sleep(0.05)


def _new_loss(scene: Scene, known: set[str]) -> Path | None:
    for file in scene.bench.folder.glob("store/searches/*/*s/*/*.json"):
        name = "/".join(file.parts[-3:])
        if name in known:
            continue
        known.add(name)
        if json.loads(file.read_bytes())["reason"] in LOST:
            return file
    return None
