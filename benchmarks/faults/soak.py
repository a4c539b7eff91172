"""An hour of faults: three searches through one service on one store, and something is killed every twenty seconds.

``python -m benchmarks.faults.soak [--minutes 60] [--every 20] [--seed 0] [--quick] [--json FILE]``

Struck at random, each time one of one search: a worker, its study, its driver, its raylet or its GCS (SIGKILL), a
worker or a driver (SIGTERM), a driver that is frozen for ten seconds, and the service, which is started again. Then:

- every search that was accepted has completed, and every record that was ever seen is there, unchanged;
- the tables hold what the records say, row by row;
- every bundle that a row names is whole by its hashes, and scores what the row says, on the raw rows of the split.
"""

from __future__ import annotations

import json
import math
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

import automl
from automl.bundle_files import verify
from automl.errors import BundleError
from automl.run import load_search, prepare_again
from automl.store import Store
from automl.store.tables import scan
from benchmarks._measure import Measure, arguments, report
from benchmarks.faults.bench import Bench, harm, records
from benchmarks.faults.processes import STUDY, WORKER, send, started_in, wait_until_gone
from benchmarks.faults.serving import DRIVER, Service, small_spec

N_SEARCHES, CPUS, N_EPOCHS = 3, 0.5, 300
FROZEN_SECONDS = 10.0
ENDS_WITHIN_SECONDS = 1200.0  # after the last fault
TOLERANCE = 1e-4  # of a score, relative


@dataclass
class Soak:
    """The searches, their service, and what has struck them so far."""

    bench: Bench
    service: Service
    rng: random.Random
    struck: Counter[str] = field(default_factory=Counter)
    seen: dict[str, str] = field(default_factory=dict)

    def strike(self) -> None:
        """One fault, of those for which there is something to strike at the moment."""
        self.seen = records(self.bench.store, self.seen)
        for name in self.rng.sample(list(_FAULTS), len(_FAULTS)):
            if _FAULTS[name](self):
                self.struck[name] += 1
                print(
                    f"{time.strftime('%H:%M:%S')} {name}; {len(self.seen)} records",
                    flush=True,
                )
                return

    def kill(self, title: str, number: int = signal.SIGKILL) -> bool:
        """Sends a signal to one of the processes of that title; False where there is none."""
        found = [pid for pid, words in sorted(started_in(self.bench.folder).items()) if title in words]
        return bool(found) and send(self.rng.choice(found), number)


def _kill_service(soak: Soak) -> bool:
    soak.service.kill()
    soak.service.start()
    return True


def _freeze_driver(soak: Soak) -> bool:
    drivers = soak.service.drivers()
    if not drivers:
        return False
    driver = soak.rng.choice(drivers)
    send(driver, signal.SIGSTOP)
    time.sleep(FROZEN_SECONDS)
    send(driver, signal.SIGCONT)
    return True


_FAULTS: dict[str, Callable[[Soak], bool]] = {
    "SIGKILL to a worker": lambda soak: soak.kill(WORKER),
    "SIGTERM to a worker": lambda soak: soak.kill(WORKER, signal.SIGTERM),
    "SIGKILL to a study": lambda soak: soak.kill(STUDY),
    "SIGKILL to a driver": lambda soak: soak.kill(DRIVER),
    "SIGTERM to a driver": lambda soak: soak.kill(DRIVER, signal.SIGTERM),
    "SIGKILL to a raylet": lambda soak: soak.kill("/raylet/raylet "),
    "SIGKILL to a GCS": lambda soak: soak.kill("gcs_server"),
    "a driver is frozen": _freeze_driver,
    "SIGKILL to the service": _kill_service,
}


def run(
    folder: Path, minutes: float, every: float, rng: random.Random
) -> tuple[Soak, list[str], dict[str, str]]:
    """Runs the searches under faults to their ends: what struck, their ids, and their states."""
    bench = Bench(folder)
    service = Service(bench)
    service.start()
    remote = service.remote()
    ids = []
    for number in range(N_SEARCHES):
        spec = small_spec(
            folder,
            f"soak-{number}",
            {"time": f"{minutes:g}m", "epochs": N_EPOCHS},
            resources={"workers": 1, "cpus": CPUS},
        )
        ids.append(str(remote.submit(spec)["search_id"]))
    soak = Soak(bench, service, rng)
    until = time.monotonic() + minutes * 60
    while time.monotonic() < until:
        time.sleep(every)
        soak.strike()
    states = service.wait_for_ends(ids, ENDS_WITHIN_SECONDS)
    service.end()
    return soak, ids, states


def differences(store: Store, search_id: str) -> Iterator[str]:
    """Where the tables do not hold what the records of a search say, in words."""
    found = list(store.search(search_id).records())
    rows = {(row["trial"], row["attempt"]): row for row in _rows(store, "trials", search_id)}
    scores = {_score_key(row): row["score"] for row in _rows(store, "scores", search_id)}
    n_trials = n_scores = 0
    for record in found:
        if record.trial is not None:
            n_trials += 1
            row = rows.get((record.trial.trial, record.trial.attempt))
            same = row is not None and all(row[name] == getattr(record.trial, name) for name in _COMPARED)
            if not same:
                yield f"trial {record.name}, attempt {record.attempt}: {row}"
        for score in record.scores:
            n_scores += 1
            if scores.get(_score_key(vars(score))) != score.score:
                yield f"{record.kind} {record.name}: {score.metric} on {score.split} rows"
    if (n_trials, n_scores) != (len(rows), len(scores)):
        yield f"{len(rows)} rows and {len(scores)} scores of {n_trials} and {n_scores} that are recorded"


_COMPARED = ("state", "reason", "score", "scores", "configuration", "seed", "n_epochs", "term", "bundle")


def _score_key(row: Any) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("entry", "kind", "seed", "attempt", "split", "metric"))


def _rows(store: Store, table: str, search_id: str) -> list[dict[str, Any]]:
    return scan(store, table).filter(search_id=search_id).collect().to_dicts()


def check_bundles(store: Store, search_id: str) -> tuple[int, list[str]]:
    """How many bundles the rows of a search name, and what is wrong with any."""
    search, folder = load_search(store, search_id)
    prepared = prepare_again(search, store)
    splits = {"validation": prepared.validation, "test": prepared.test}
    table = _table(search, store)
    wrong: list[str] = []
    claims: dict[str, list[tuple[str, str, float]]] = {}
    for row in _rows(store, "trials", search_id):
        if row["bundle"] is not None and not row["bundle_removed"]:
            said = json.loads(row["scores"])
            claims[row["bundle"]] = [("validation", row["metric"], said[row["metric"]])]
    for row in _rows(store, "scores", search_id):
        if row["bundle"] is not None:
            claims.setdefault(row["bundle"], []).append((row["split"], row["metric"], row["score"]))
    for name, said in claims.items():
        place = folder.place.on_disk()
        assert place is not None
        try:
            verify(place / name)
            model = automl.load(str(place / name))
        except (BundleError, FileNotFoundError) as error:
            wrong.append(f"{name}: {error}")
            continue
        for split, metric, score in said:
            found = model.evaluate(table[splits[split].index.tolist()])[metric]
            if not math.isclose(found, score, rel_tol=TOLERANCE, abs_tol=1e-6):
                wrong.append(f"{name}: {metric} on {split} rows is {found}, and its row says {score}")
    return len(claims), wrong


def _table(search: Any, store: Store) -> pl.DataFrame:
    from automl.store.uploads import localised

    return pl.read_csv(str(localised(search.spec, store).data.path))


def main() -> None:
    options = arguments(__doc__, minutes=60.0, every=20.0, seed=0)
    minutes, every = (0.75, 8.0) if options.quick else (options.minutes, options.every)
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="af-")).resolve()
    left: dict[int, str] = {}
    try:
        soak, ids, states = run(folder, minutes, every, random.Random(options.seed))
        left = wait_until_gone(folder)
    finally:
        wait_until_gone(folder, 0)
    store = soak.bench.store
    print(f"struck: {dict(soak.struck)}; {states}; all is in {folder}", flush=True)
    different = [one for search_id in ids for one in differences(store, search_id)]
    n_bundles, wrong = 0, list[str]()
    for search_id in ids:
        n, some = check_bundles(store, search_id)
        n_bundles, wrong = n_bundles + n, wrong + some
    for one in [*different, *wrong]:
        print(f"  {one}", flush=True)
    lost, doubled, again = harm(store, soak.seen, dict.fromkeys(ids))
    seconds, n_struck = time.monotonic() - began, sum(soak.struck.values())
    not_complete = sum(state != "complete" for state in states.values())
    figures = {
        f"searches accepted and not completed, of {len(ids)}": not_complete,
        "searches in the store that nobody submitted": len(set(store.search_ids()) - set(ids)),
        f"records lost, of {len(soak.seen)} seen and {len(records(store))} at the end": lost,
        "doubled": doubled,
        "run again": again,
        "rows that differ from their records": len(different),
        f"bundles that are not whole or score otherwise, of {n_bundles}": len(wrong),
        "processes left running": len(left),
    }
    report(
        [
            Measure(
                f"after {n_struck} faults: {name}",
                value,
                "",
                0,
                value == 0,
                repeats=n_struck,
                seconds=seconds,
            )
            for name, value in figures.items()
        ],
        options.json,
    )


if __name__ == "__main__":
    main()
