"""A disk that is full: the store lies on a small one, which fills up at a random moment; or no file may grow.

The small disk is mounted in a name space of its own, which a process of this module enters and in which the whole
repeat happens: when it ends, nothing is mounted any more.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from benchmarks.faults.bench import PATIENCE_SECONDS, Bench
from benchmarks.faults.fault import Count, Fault, Scene
from benchmarks.faults.kills import Driver, go_on
from benchmarks.faults.processes import ROOT

DISK_MEBIBYTES = 64


def strike(scene: Scene) -> None:
    if scene.number % 2 == 1 or not _may_mount():
        _no_file_may_grow(scene)
        return
    command = ("unshare", "--mount", "--propagation", "private", sys.executable, "-m", __name__)
    folder = str(scene.bench.folder)
    ended = subprocess.run(
        [*command, folder, str(scene.rng.random()), str(scene.number)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT},
        timeout=3 * PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    for name, value in json.loads(ended.stdout.splitlines()[-1]).items():
        setattr(scene.count, name, getattr(scene.count, name) + value)


def _on_a_small_disk(scene: Scene) -> None:
    bench, disk = scene.bench, scene.bench.folder / "store"
    disk.mkdir()
    size = f"size={DISK_MEBIBYTES}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)], check=True)
    bench.n_trials, bench.pause = 20, scene.rng.uniform(0.05, 0.2)
    driver = bench.search()
    bench.wait_for_trials(scene.rng.randint(1, 8), driver)
    kept: dict[Path, str] = {}
    if scene.number % 4 == 2:  # some trials go on from checkpoints when it strikes
        driver.terminate()
        bench.ends(driver)
        kept = _checkpoints(disk)
        driver = bench.resume()
        n_records = len(bench.records())
        bench.wait_for("*s/*/*.json", n_records + 1, driver)
    time.sleep(scene.rng.uniform(0, 0.5))
    before = bench.records()
    ballast = disk / "ballast"
    _fill(ballast)
    began = time.monotonic()
    scene.count.struck += 1
    _ends_for_storage(scene, driver)
    scene.count.detected.append(time.monotonic() - began)
    _check_kept(scene, kept)
    ballast.unlink()
    go_on(scene, bench.records() | before)


def _no_file_may_grow(scene: Scene) -> None:
    """RLIMIT_FSIZE in one worker: what it writes is cut off, as on a disk of which a user has had their part."""
    bench = scene.bench
    bench.faults, bench.n_trials, bench.pause = "fill", 12, scene.rng.uniform(0.05, 0.2)
    driver = bench.search()
    bench.wait_for("../../../fill.mark", 1, driver)
    began = time.monotonic()
    before = bench.records()
    scene.count.struck += 1
    _ends_for_storage(scene, driver)
    scene.count.detected.append(time.monotonic() - began)
    (row,) = bench.rows("searches").iter_rows(named=True)
    found = (row["state"], row["reason"])
    scene.check(found == ("failed", "storage"), f"the search is {found} in the tables")
    go_on(scene, bench.records() | before)


def _ends_for_storage(scene: Scene, driver: Driver) -> None:
    bench = scene.bench
    status = bench.ends(driver)
    said = " ".join(bench.log.split())
    scene.check(status == 1, f"the driver ended with status {status}")
    scene.check(
        "resume" in said and "could not be written" in said.replace("cannot", "could not"), f"it said: {said}"
    )
    scene.check("Traceback" not in said, f"it ended with a traceback: {said}")


def _checkpoints(disk: Path) -> dict[Path, str]:
    """SHA-256 of every file of a checkpoint."""
    found = disk.glob("searches/*/trials/*/*/checkpoint/*")
    return {file: sha256(file.read_bytes()).hexdigest() for file in found}


def _check_kept(scene: Scene, kept: dict[Path, str]) -> None:
    """The checkpoints that were there are as they were, where their trials have not ended since."""
    for file, digest in kept.items():
        trial = file.parents[2]
        if any(json.loads(record.read_bytes())["state"] != "failed" for record in trial.glob("*.json")):
            continue
        same = file.exists() and sha256(file.read_bytes()).hexdigest() == digest
        scene.check(same, f"the checkpoint {file.relative_to(trial)} of trial {trial.name} is not as it was")


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for piece in (2**16, 1):
            try:
                while file.write(b"\0" * piece) == piece:
                    pass
            except OSError:
                continue  # as wanted: there is no more room


def _may_mount() -> bool:
    return os.getuid() == 0 and shutil.which("unshare") is not None and shutil.which("mount") is not None


FAULT = Fault(
    injects="the disk of the store is full from a random moment on; no file of a worker may grow any more, in turn",
    holds="the search ends with the reason storage and says how to go on; checkpoints stay as they were; when there "
    "is room again, `resume` goes on",
    noticed="by the worker, the study or the driver, whichever writes first",
    strike=strike,
    seconds=35,
)


if __name__ == "__main__":
    counted = Count()
    _on_a_small_disk(Scene(Bench(Path(sys.argv[1])), random.Random(sys.argv[2]), counted, int(sys.argv[3])))
    counts = {name: value for name, value in asdict(counted).items() if name != "repeats"}
    print(json.dumps(counts))
