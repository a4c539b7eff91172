"""The same faults to unmodified Ray Tune with OptunaSearch: 24 trials that do nothing, on two workers.

What had finished (each trial leaves a file of its own when its work is done) is compared with what Tune tells in the
end, after `Tuner.restore` where its driver has died.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.bench import PATIENCE_SECONDS
from benchmarks.faults.fault import Scene
from benchmarks.faults.processes import wait_until_gone

N_TRIALS, PAUSE_SECONDS = 24, 0.05
Driver = subprocess.Popen[bytes]


def peer_search(
    scene: Scene, strike: Callable[[Driver], None], restart: Callable[[], None] = lambda: None
) -> None:
    """A search of Ray Tune that `strike` harms halfway; it is restored once where its driver died.

    Args:
        restart: makes what Ray runs on anew, before Tune is restored.
    """
    bench = scene.bench
    program = ("-m", "benchmarks.peers.ray_tune")
    command = (*program, "shipped", str(N_TRIALS), str(bench.folder), "--pause", str(PAUSE_SECONDS))
    driver = bench.start(*command)
    target = scene.rng.randint(5, N_TRIALS * 2 // 3)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(list(bench.folder.glob("*.done"))) < target:
        assert driver.poll() is None, bench.log
        assert time.monotonic() < deadline, f"Ray Tune does not get on: {bench.log}"
        time.sleep(0.02)
    strike(driver)
    scene.count.struck += 1
    finished, status = finished_trials(bench.folder), bench.ends(driver)
    if status:  # else it went on by itself
        wait_until_gone(bench.folder, 20)
        finished = finished_trials(bench.folder)
        restart()
        status = bench.ends(bench.start(*command, "--resume"))
    after = finished_trials(bench.folder)
    told = set(_told(bench.log)) if status == 0 else set()
    scene.count.acknowledged += len(finished)
    scene.count.after += len(told)
    scene.count.lost += sum(name not in told for name in after) + max(0, N_TRIALS - len(after))
    scene.count.again += sum(after[name] > n for name, n in finished.items())


def finished_trials(folder: Path) -> Counter[str]:
    """How often each trial has done all its work, by Tune's name for it."""
    return Counter(file.stem.rsplit("-", 1)[0] for file in folder.glob("*.done"))


def _told(log: str) -> list[str]:
    lines = [line for line in log.strip().splitlines() if line.startswith('{"n_results"')]
    told: list[str] = json.loads(lines[-1])["trials"] if lines else []
    return told
