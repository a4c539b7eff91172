"""A search in a process of its own, which can be harmed and resumed, and counts of what that did."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from automl.store import Store, open_store
from automl.store.records import FOLDERS, RecordKind
from automl.store.tables import scan
from automl.study.work import LOST
from benchmarks.faults.processes import STUDY, log_of, start, started_in, workers_in

FAMILY = Path(__file__).with_name("faulty_family.py")
PATIENCE_SECONDS = 900.0


@dataclass
class Bench:
    """A folder with a table, a spec and a store, and the drivers that are started there.

    Args:
        faults: which strike, once each; see ``faulty_family.py``.
        environment: more of it, for every process that is started from now on.
        n_trials: of the search.
        pause: seconds that each of the five epochs of a trial takes.
        store_url: where the store is; in the folder where left out.
    """

    folder: Path
    faults: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    n_trials: int = 12
    pause: float = 0.0
    store_url: str | None = None

    def spec(self, **changes: Any) -> dict[str, Any]:
        table, family = self.folder / "toy.csv", self.folder / FAMILY.name
        if not table.exists():
            write_table(table)
            shutil.copy(FAMILY, family)  # a search refuses to go on with one that was edited meanwhile
        return {
            "name": "toy",
            "data": {"path": str(table), "target": "price"},
            "families": [{"file": str(family), "space": {"pause": self.pause}}],
            "budget": {"trials": self.n_trials, "epochs": 5},
            "finalists": {"top": 1, "seeds": 1},
            "resources": {"workers": 2},
            "search": {"rungs": "none"},
        } | changes

    def search(self, **changes: Any) -> subprocess.Popen[bytes]:
        """A driver of the search, which begins; changes are to the spec's top level."""
        file = self.folder / "toy.yaml"
        file.write_text(json.dumps(self.spec(**changes)))
        return self.run("search", str(file))

    def resume(self) -> subprocess.Popen[bytes]:
        return self.run("resume", self.search_id)

    def run(self, *words: str) -> subprocess.Popen[bytes]:
        """``automl WORDS`` in a process of its own."""
        return self.start("-m", "automl.cli", *words)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """``python COMMAND`` in a process of its own."""
        environment = {
            "AUTOML_STORE": self.store_url or str(self.folder / "store"),
            "FAULTS": self.faults,
            "FAULT_FOLDER": str(self.folder),
            **self.environment,
        }
        return start(self.folder, *command, environment=environment)

    def ends(self, driver: subprocess.Popen[bytes], seconds: float = PATIENCE_SECONDS) -> int:
        """The exit status of a process that ends by itself."""
        try:
            return driver.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end:\n{self.log}") from None

    def ends_well(self, driver: subprocess.Popen[bytes]) -> None:
        """Waits for the end of a driver, which must have completed its search."""
        status = self.ends(driver)
        assert status == 0, f"exit status {status}:\n{self.log}"

    def wait_for(self, what: str, n: int, driver: subprocess.Popen[bytes]) -> None:
        """Returns once so many files of a pattern are in the search's folder, which lies on this disk."""
        self._wait(lambda: len(list(self.folder.glob(f"store/searches/*/{what}"))) >= n, driver)

    def wait_for_trials(self, n: int, driver: subprocess.Popen[bytes]) -> None:
        """Returns once so many attempts at trials have a record."""
        self.wait_for("trials/*/*.json", n, driver)

    def wait_for_epochs(self, n: int, driver: subprocess.Popen[bytes]) -> None:
        self._wait(lambda: self.n_epochs >= n, driver)

    def _wait(self, condition: Any, driver: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert driver.poll() is None, f"it ended with {driver.returncode}:\n{self.log}"
            assert time.monotonic() < deadline, f"it does not get on:\n{self.log}"
            time.sleep(0.01)

    @property
    def n_epochs(self) -> int:
        """Epochs that were trained so far, by any process."""
        file = self.folder / "epochs"
        return file.read_text().count("\n") if file.exists() else 0

    @property
    def log(self) -> str:
        return log_of(self.folder)

    @property
    def store(self) -> Store:
        return open_store(self.store_url or self.folder / "store")

    @property
    def search_id(self) -> str:
        (search_id,) = self.store.search_ids()
        return search_id

    @property
    def workers(self) -> list[int]:
        return workers_in(self.folder)

    @property
    def study(self) -> int:
        (found,) = [pid for pid, title in started_in(self.folder).items() if STUDY in title]
        return found

    def records(self) -> dict[str, str]:
        """SHA-256 of every record that there is, by its place."""
        return records(self.store)

    def harm(self, before: Mapping[str, str], n_trials: int | None = None) -> tuple[int, int, int]:
        """What was lost, doubled and run again since these records were there."""
        wanted: dict[str, int | None] = {
            search_id: n_trials or self.n_trials for search_id in self.store.search_ids()
        }
        return harm(self.store, before, wanted)

    def rows(self, table: str = "trials") -> pl.DataFrame:
        return scan(self.store, table).collect()


def write_table(file: Path, n_rows: int = 120) -> None:
    """A regression table with two numbers and a category, as CSV."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, n_rows))
    colour = rng.choice(["red", "green", "blue"], size=n_rows)
    price = 2 * a + np.abs(b) + (colour == "red") + rng.normal(size=n_rows) * 0.1
    pl.DataFrame({"a": a, "b": b, "colour": colour, "price": price}).write_csv(file)


def records(store: Store, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """SHA-256 of every record of a store, by ``SEARCH/trials/3/1.json``; those that are known are not read again."""
    found = dict(known or {})
    for search_id in store.search_ids():
        folder = store.search(search_id)
        for key in folder.record_keys():
            kind, name, attempt = key
            place = f"{search_id}/{_place(key)}"
            if place not in found:
                content = (folder.place / FOLDERS[kind] / name / f"{attempt}.json").read()
                found[place] = sha256(content).hexdigest()
    return found


def harm(store: Store, before: Mapping[str, str], n_trials: Mapping[str, int | None]) -> tuple[int, int, int]:
    """What was lost, doubled and run again since these records were there, by records and tables.

    Args:
        n_trials: how many trials must have ended, by search; None where time alone decides.
    """
    after = records(store)
    lost = sum(after.get(name) != digest for name, digest in before.items())
    doubled = again = 0
    for search_id, wanted in n_trials.items():
        trials = [one for one in store.search(search_id).records() if one.kind == "trial"]
        trained = Counter(one.name for one in trials if one.state != "failed")
        failed = {one.name for one in trials if one.state == "failed" and one.reason not in LOST}
        rows = scan(store, "trials").filter(search_id=search_id).select("trial", "attempt").collect()
        scores = scan(store, "scores").filter(search_id=search_id).collect()
        scored = scores.select("entry", "kind", "seed", "attempt", "split", "metric")
        lost += 0 if wanted is None else wanted - len(failed | set(trained))
        lost += len({(int(one.name), one.attempt) for one in trials} - set(rows.iter_rows()))
        doubled += sum(n > 1 for n in trained.values())
        doubled += rows.height - rows.n_unique() + scored.height - scored.n_unique()
        known = {f"{search_id}/{_place(one.key)}": one for one in trials}
        ended = {one.name for name, one in known.items() if name in before and one.state != "failed"}
        again += sum(one.name in ended for name, one in known.items() if name not in before)
    return lost, doubled, again


def _place(key: tuple[RecordKind, str, int]) -> str:
    kind, name, attempt = key
    return f"{FOLDERS[kind]}/{name}/{attempt}.json"


def signal_all(driver: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Sends what a terminal sends: to the driver and to everything that it started."""
    os.killpg(driver.pid, number)
