"""What survives ``kill -9``: of the driver at random moments, and of a worker, each followed by `resume`.

``python -m benchmarks.faults.survival [--quick] [--json FILE] [--repeats 20] [--seed 0]``

Each repeat starts a search of 40 short trials in a process of its own, kills at a random moment,
reads every record that is on the disk then, resumes to the end, and counts:

lost      records that were there at the kill and are gone or changed afterwards
doubled   trials with two ends, and rows that stand twice in the tables
again     trials that had ended at the kill and have a later attempt
implied   suggestions after a driver's death that differ from what the journal before them implies

The same is done to unmodified Ray Tune with OptunaSearch: its driver is killed, `Tuner.restore` goes
on, and what had finished (each trial leaves a file of its own when its work is done) is compared with
the final results.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil

from benchmarks._measure import Measure, arguments, report

N_TRIALS, N_EPOCHS, SECONDS_PER_EPOCH = 40, 5, 0.04
PEER_TRIALS, PEER_PAUSE = 40, 0.05
FAMILY = Path(__file__).parents[1] / "_noop.py"


@dataclass
class Count:
    """What the kills of one kind did, summed over repeats."""

    repeats: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    again: int = 0
    implied_checked: int = 0
    implied_wrong: int = 0


def start(work: Path) -> subprocess.Popen[bytes]:
    """A driver in a process of its own."""
    data = work / "nothing.parquet"
    if not data.exists():
        rng = np.random.default_rng(0)
        pl.DataFrame({"a": rng.normal(size=200), "target": rng.normal(size=200)}).write_parquet(data)
        spec = {
            "name": "survival",
            "data": {"path": str(data), "target": "target"},
            "families": [{"file": str(FAMILY)}],
            "budget": {"trials": N_TRIALS, "epochs": N_EPOCHS},
            "finalists": {"top": 1, "seeds": 1},
            "resources": {"workers": 2},
        }
        (work / "survival.yaml").write_text(json.dumps(spec))
    return _automl(work, "search", str(work / "survival.yaml"))


def _automl(work: Path, *words: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "AUTOML_NOOP_SECONDS": str(SECONDS_PER_EPOCH),
        "AUTOML_STORE": str(work / "store"),
    }
    command = [sys.executable, "-m", "automl.cli", *words]
    log = (work / "log.txt").open("ab")
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def records(work: Path) -> dict[str, str]:
    """SHA-256 of every record that is on the disk, by its place."""
    found = {}
    for folder in ("trials", "refits", "baselines"):
        for file in work.glob(f"store/searches/*/{folder}/*/*.json"):
            found["/".join(file.parts[-3:])] = sha256(file.read_bytes()).hexdigest()
    return found


def wait_for_trials(work: Path, n: int, driver: subprocess.Popen[bytes]) -> None:
    """Returns once `n` trials have a record."""
    deadline = time.monotonic() + 120
    while len(list(work.glob("store/searches/*/trials/*/*.json"))) < n:
        assert driver.poll() is None, (work / "log.txt").read_text()[-2000:]
        assert time.monotonic() < deadline, "the search does not get on"
        time.sleep(0.005)


def kill_driver(work: Path, rng: random.Random, count: Count) -> None:
    driver = start(work)
    wait_for_trials(work, rng.randint(1, N_TRIALS - 4), driver)
    time.sleep(rng.uniform(0, 0.3))
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = records(work)
    settle(work, before, count)


def kill_worker(work: Path, rng: random.Random, count: Count) -> None:
    driver = start(work)
    wait_for_trials(work, rng.randint(1, N_TRIALS - 4), driver)
    time.sleep(rng.uniform(0, 0.3))
    workers = [p for p in psutil.Process(driver.pid).children(recursive=True) if "TuneWorker" in _title(p)]
    before = records(work)
    if workers:
        rng.choice(workers).kill()
    assert driver.wait(300) == 0, (work / "log.txt").read_text()[-2000:]
    settle(work, before, count)


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def settle(work: Path, before: dict[str, str], count: Count) -> None:
    """Resumes to the end, and compares with what had been acknowledged."""
    from automl.store import open_store
    from automl.store.tables import scan

    store = open_store(work / "store")
    (search_id,) = store.search_ids()
    n_entries = len(store.search(search_id).read_journal())
    resumed = _automl(work, "resume", search_id)
    assert resumed.wait(300) == 0, (work / "log.txt").read_text()[-2000:]
    after = records(work)
    count.repeats += 1
    count.acknowledged += len(before)
    count.lost += sum(after.get(name) != digest for name, digest in before.items())
    ends = Counter(
        r.name for r in store.search(search_id).records() if r.kind == "trial" and r.state != "failed"
    )
    rows = scan(store, "trials").filter(search_id=search_id).collect()
    count.doubled += sum(n > 1 for n in ends.values())
    count.doubled += rows.height - rows.select("trial", "attempt").n_unique()
    count.lost += N_TRIALS - len(ends)
    count.lost += len([name for name in after if name.startswith("trials/")]) - rows.height
    ended = {
        name.split("/")[1] for name in before if name.startswith("trials/") and _ended(store, search_id, name)
    }
    count.again += sum(
        int(r.attempt) > 1 and r.name in ended and not _first(before, r)
        for r in store.search(search_id).records()
        if r.kind == "trial"
    )
    check_implied(store, search_id, n_entries, count)


def _first(before: dict[str, str], record: Any) -> bool:
    return f"trials/{record.name}/{record.attempt}.json" in before


def _ended(store: Any, search_id: str, place: str) -> bool:
    _, name, file = place.split("/")
    record = store.search(search_id).record("trial", name, int(file.removesuffix(".json")))
    return bool(record and record.state != "failed")


def check_implied(store: Any, search_id: str, n_before: int, count: Count) -> None:
    """Compares each of the first suggestions after a death with what the journal before it implies."""
    from automl.run import load_search
    from automl.study import Study

    search, folder = load_search(store, search_id)
    entries = folder.read_journal()
    places = [i for i, e in enumerate(entries) if i >= n_before and e["event"] == "suggest"]
    for place in places[:3]:
        written: list[dict[str, Any]] = []
        study = Study.replay(search.plan(), written.extend, entries[:place])
        study.ask(1, 0.0)
        implied = next((e for e in written if e["event"] == "suggest"), None)
        count.implied_checked += 1
        count.implied_wrong += implied != entries[place]


def kill_tune(work: Path, rng: random.Random, count: Count) -> None:
    """The same for Ray Tune: killed, restored, and its results compared with what had finished."""

    def command(*more: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "benchmarks.peers.ray_tune",
            "shipped",
            str(PEER_TRIALS),
            str(work),
            "--pause",
            str(PEER_PAUSE),
            *more,
        ]

    with (work / "log.txt").open("ab") as log:
        driver = subprocess.Popen(command(), stdout=log, stderr=log)
    target = rng.randint(5, PEER_TRIALS * 2 // 3)
    deadline = time.monotonic() + 400
    while len(list(work.glob("*.done"))) < target and time.monotonic() < deadline:
        assert driver.poll() is None, (work / "log.txt").read_text()[-2000:]
        time.sleep(0.02)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    finished = Counter(_trial_of(file) for file in work.glob("*.done"))
    time.sleep(8)  # so that what outlives its driver is gone
    restored = subprocess.run(command("--resume"), capture_output=True, text=True, check=False)
    assert restored.returncode == 0, restored.stderr[-2000:]
    told = set(json.loads(restored.stdout.strip().splitlines()[-1])["trials"])
    after = Counter(_trial_of(file) for file in work.glob("*.done"))
    count.repeats += 1
    count.acknowledged += len(finished)
    count.lost += sum(name not in told for name in finished)
    count.again += sum(after[name] > n for name, n in finished.items())


def _trial_of(file: Path) -> str:
    return file.stem.rsplit("-", 1)[0]


def main() -> None:
    options = arguments(__doc__, repeats=20, seed=0)
    repeats = 2 if options.quick else options.repeats
    rng = random.Random(options.seed)
    print(f"seed {options.seed}")
    measures = []
    peer = Count()
    began = time.monotonic()
    for number in range(1 if options.quick else min(repeats, 5)):
        with tempfile.TemporaryDirectory(prefix="automl-survival-") as folder:
            kill_tune(Path(folder), rng, peer)
        print(f"Ray Tune, driver killed, {number + 1}: {peer}", flush=True)
    for what, kill in (("driver", kill_driver), ("worker", kill_worker)):
        count = Count()
        for number in range(repeats):
            with tempfile.TemporaryDirectory(prefix="automl-survival-") as folder:
                kill(Path(folder), rng, count)
            print(f"{what} killed, {number + 1}: {count}", flush=True)
        for name in ("lost", "doubled", "again", "implied_wrong"):
            value = getattr(count, name)
            of_peer = getattr(peer, name) if name in ("lost", "again") else None
            measures.append(
                Measure(
                    name=f"kill -9 of a {what}: {name}, of {count.acknowledged} acknowledged",
                    value=value,
                    unit="records" if name != "implied_wrong" else f"of {count.implied_checked} suggestions",
                    reach=0,
                    met=value == 0,
                    peer=f"Ray Tune as shipped, {peer.repeats} kills, {peer.acknowledged} finished",
                    peer_value=of_peer,
                    ratio=None,
                    repeats=count.repeats,
                    seconds=time.monotonic() - began,
                )
            )
    report(measures, options.json)


if __name__ == "__main__":
    main()
