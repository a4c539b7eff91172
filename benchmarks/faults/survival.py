"""What survives ``kill -9``: of the driver at random moments, and of a worker, each followed by `resume`.

``python -m benchmarks.faults.survival [--quick] [--json FILE] [--repeats 20] [--peers 5] [--seed 0]``

Each repeat starts a search of 40 short trials in a process of its own, kills at a random moment,
reads every record that is on the disk then, resumes to the end, and counts:

lost      records that were there at the kill and are gone or changed afterwards; trials without an
          end; records without a row
doubled   trials with two ends, and rows that stand twice in the tables
again     trials that had ended at the kill and have a later attempt
implied   suggestions after a driver's death that differ from what the journal before them implies

The same is done to unmodified Ray Tune with OptunaSearch: its driver is killed, `Tuner.restore` goes
on, and what had finished (each trial leaves a file of its own when its work is done) is compared with
the final results. Linux alone: processes are found in ``/proc``.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from os import kill
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks._measure import Measure, arguments, report
from benchmarks.faults.processes import log_of, start, wait_until_gone, workers_in

N_TRIALS, N_EPOCHS, SECONDS_PER_EPOCH = 40, 5, 0.04
N_IMPLIED = 5  # suggestions after a death that are computed again
PEER_TRIALS, PEER_PAUSE = 24, 0.05
PATIENCE_SECONDS = 400.0
FAMILY = Path(__file__).parents[1] / "_noop.py"


@dataclass
class Count:
    """What the kills of one kind did, summed over repeats."""

    repeats: int = 0
    killed: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    again: int = 0
    implied_checked: int = 0
    implied_wrong: int = 0
    left_running: int = 0


def begin(work: Path) -> subprocess.Popen[bytes]:
    """A driver of the search in a process of its own."""
    rng = np.random.default_rng(0)
    data = work / "nothing.parquet"
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
    environment = {"AUTOML_NOOP_SECONDS": str(SECONDS_PER_EPOCH), "AUTOML_STORE": str(work / "store")}
    return start(work, "-m", "automl.cli", *words, environment=environment)


def records(work: Path) -> dict[str, str]:
    """SHA-256 of every record that is on the disk, by its place."""
    found = {}
    for folder in ("trials", "refits", "baselines"):
        for file in work.glob(f"store/searches/*/{folder}/*/*.json"):
            found["/".join(file.parts[-3:])] = sha256(file.read_bytes()).hexdigest()
    return found


def wait_for_trials(work: Path, n: int, driver: subprocess.Popen[bytes]) -> None:
    """Returns once `n` trials have a record."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(list(work.glob("store/searches/*/trials/*/*.json"))) < n:
        assert driver.poll() is None, log_of(work)
        assert time.monotonic() < deadline, f"the search does not get on: {log_of(work)}"
        time.sleep(0.005)


def kill_driver(work: Path, rng: random.Random, count: Count) -> None:
    driver = begin(work)
    wait_for_trials(work, rng.randint(1, N_TRIALS - 4), driver)
    time.sleep(rng.uniform(0, 0.3))
    count.killed += driver.poll() is None
    driver.kill()
    driver.wait()
    settle(work, records(work), count)


def kill_worker(work: Path, rng: random.Random, count: Count) -> None:
    driver = begin(work)
    wait_for_trials(work, rng.randint(1, N_TRIALS - 4), driver)
    time.sleep(rng.uniform(0, 0.3))
    workers = workers_in(work)
    assert workers, "no worker was found to be killed"
    before = records(work)
    kill(rng.choice(workers), signal.SIGKILL)
    count.killed += 1
    assert driver.wait(PATIENCE_SECONDS) == 0, log_of(work)
    settle(work, before, count)


def settle(work: Path, before: dict[str, str], count: Count) -> None:
    """Resumes to the end, and compares with what had been acknowledged."""
    from automl.store import open_store

    store = open_store(work / "store")
    (search_id,) = store.search_ids()
    n_entries = len(store.search(search_id).read_journal())
    resumed = _automl(work, "resume", search_id)
    assert resumed.wait(PATIENCE_SECONDS) == 0, log_of(work)
    count.left_running += len(wait_until_gone(work))
    count.repeats += 1
    count.acknowledged += len(before)
    count_records(work, before, count)
    check_implied(store, search_id, n_entries, count)


def count_records(work: Path, before: dict[str, str], count: Count, n_trials: int = N_TRIALS) -> None:
    """Adds up what was lost, doubled and run again since `before`, from the records and the tables."""
    from automl.store import open_store
    from automl.store.tables import scan

    store = open_store(work / "store")
    (search_id,) = store.search_ids()
    after = records(work)
    found = [record for record in store.search(search_id).records() if record.kind == "trial"]
    ends = Counter(record.name for record in found if record.state != "failed")
    rows = scan(store, "trials").filter(search_id=search_id).select("trial", "attempt").collect()
    scores = scan(store, "scores").filter(search_id=search_id).collect()
    scored = scores.select("entry", "kind", "seed", "attempt", "split", "metric")
    count.lost += sum(after.get(name) != digest for name, digest in before.items())
    count.lost += n_trials - len(ends)
    count.lost += len({(int(r.name), r.attempt) for r in found} - set(rows.iter_rows()))
    count.doubled += sum(n > 1 for n in ends.values())
    count.doubled += rows.height - rows.n_unique() + scored.height - scored.n_unique()
    place = {f"trials/{r.name}/{r.attempt}.json": r for r in found}
    ended = {place[name].name for name in before if name in place and place[name].state != "failed"}
    count.again += sum(record.name in ended for name, record in place.items() if name not in before)


def check_implied(store: Any, search_id: str, n_before: int, count: Count) -> None:
    """Compares each of the first suggestions after a death with what the journal before it implies."""
    from automl.run import load_search
    from automl.study import Study

    search, folder = load_search(store, search_id)
    entries = folder.read_journal()
    places = [i for i, e in enumerate(entries) if i >= n_before and e["event"] == "suggest"]
    for place in places[:N_IMPLIED]:
        written: list[dict[str, Any]] = []
        study = Study.replay(search.plan(), written.extend, entries[:place])
        study.ask(1, 0.0)
        implied = next((e for e in written if e["event"] == "suggest"), None)
        count.implied_checked += 1
        count.implied_wrong += implied != entries[place]


def kill_tune(work: Path, rng: random.Random, count: Count) -> None:
    """The same for Ray Tune: killed, restored, and its results compared with what had finished."""
    command = ("-m", "benchmarks.peers.ray_tune", "shipped", str(PEER_TRIALS), str(work))
    command = (*command, "--pause", str(PEER_PAUSE))
    driver = start(work, *command)
    target = rng.randint(5, PEER_TRIALS * 2 // 3)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(list(work.glob("*.done"))) < target:
        assert driver.poll() is None, log_of(work)
        assert time.monotonic() < deadline, f"Ray Tune does not get on: {log_of(work)}"
        time.sleep(0.02)
    driver.kill()
    driver.wait()
    wait_until_gone(work)
    finished = Counter(_trial_of(file) for file in work.glob("*.done"))
    restored = start(work, *command, "--resume")
    assert restored.wait(PATIENCE_SECONDS) == 0, log_of(work)
    wait_until_gone(work)
    told = set(json.loads(log_of(work).strip().splitlines()[-1])["trials"])
    after = Counter(_trial_of(file) for file in work.glob("*.done"))
    count.repeats += 1
    count.killed += 1
    count.acknowledged += len(finished)
    count.lost += sum(name not in told for name in finished)
    count.again += sum(after[name] > n for name, n in finished.items())


def _trial_of(file: Path) -> str:
    return file.stem.rsplit("-", 1)[0]


def repeated(
    what: str, repeats: int, rng: random.Random, kill: Callable[[Path, random.Random, Count], None]
) -> Count:
    """The counts over so many repeats, each in a folder of its own, which is left where one fails."""
    count = Count()
    for number in range(repeats):
        with tempfile.TemporaryDirectory(prefix="automl-survival-") as name:
            folder = Path(name).resolve()
            try:
                kill(folder, rng, count)
            finally:
                wait_until_gone(folder, seconds=0 if count.repeats <= number else 60)
        print(f"{what} killed, {number + 1}: {count}", flush=True)
    return count


def main() -> None:
    options = arguments(__doc__, repeats=20, peers=5, seed=0)
    repeats, n_peers = (1, 1) if options.quick else (options.repeats, options.peers)
    rng = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    counts = {
        what: repeated(what, repeats, rng, how)
        for what, how in (("driver", kill_driver), ("worker", kill_worker))
    }
    peer = repeated("Ray Tune, driver", n_peers, rng, kill_tune)
    measures = []
    for what, count in counts.items():
        for name in ("lost", "doubled", "again", "implied_wrong", "left_running"):
            if name == "implied_wrong" and not count.implied_checked:
                continue  # the search had ended before it was resumed
            value = getattr(count, name)
            unit = "records"
            if name == "implied_wrong":
                unit = f"of {count.implied_checked} suggestions"
            elif name == "left_running":
                unit = "processes"
            measures.append(
                Measure(
                    name=f"kill -9 of a {what}, {count.killed} times: {name}, of {count.acknowledged} acknowledged",
                    value=value,
                    unit=unit,
                    reach=0,
                    met=value == 0,
                    peer=f"Ray Tune as shipped, {peer.repeats} kills, {peer.acknowledged} finished",
                    peer_value=getattr(peer, name) if name in ("lost", "again") else None,
                    repeats=count.repeats,
                    seconds=time.monotonic() - began,
                )
            )
    report(measures, options.json)


if __name__ == "__main__":
    main()
