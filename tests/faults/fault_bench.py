"""A search in a process of its own, which a test can kill and resume."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from toys import write_table

from automl.store import Store, open_store
from automl.store.tables import scan
from benchmarks.faults.processes import STUDY, log_of, start, started_in, workers_in
from benchmarks.faults.survival import Count, count_records, records

FAMILY = Path(__file__).with_name("faulty_family.py")
PATIENCE_SECONDS = 240.0


@dataclass
class Bench:
    """A folder with a table, a spec and a store, and the drivers that are started there.

    Args:
        faults: which strike, once each; see ``faulty_family.py``.
    """

    folder: Path
    faults: str = ""

    def spec(self, **changes: Any) -> dict[str, Any]:
        table = self.folder / "toy.csv"
        if not table.exists():
            write_table(table)
        return {
            "name": "toy",
            "data": {"path": str(table), "target": "price"},
            "families": [{"file": str(FAMILY)}],
            "budget": {"trials": 12, "epochs": 5},
            "finalists": {"top": 1, "seeds": 1},
            "resources": {"workers": 2},
            "search": {"rungs": "none"},
        } | changes

    def search(self, **changes: Any) -> subprocess.Popen[bytes]:
        file = self.folder / "toy.yaml"
        file.write_text(json.dumps(self.spec(**changes)))
        return self.run("search", str(file))

    def resume(self) -> subprocess.Popen[bytes]:
        (search_id,) = self.store.search_ids()
        return self.run("resume", search_id)

    def run(self, *words: str) -> subprocess.Popen[bytes]:
        environment = {
            "AUTOML_STORE": str(self.folder / "store"),
            "FAULTS": self.faults,
            "FAULT_FOLDER": str(self.folder),
        }
        return start(self.folder, "-m", "automl.cli", *words, environment=environment)

    def ends(self, driver: subprocess.Popen[bytes]) -> int:
        """The exit status."""
        try:
            return driver.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end:\n{self.log}") from None

    def wait_for(self, what: str, n: int, driver: subprocess.Popen[bytes]) -> None:
        """Returns once so many files of a pattern are in the store."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(list(self.folder.glob(f"store/searches/*/{what}"))) < n:
            assert driver.poll() is None, self.log
            assert time.monotonic() < deadline, f"it does not get on:\n{self.log}"
            time.sleep(0.01)

    def wait_for_epochs(self, n: int, driver: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.n_epochs < n:
            assert driver.poll() is None, self.log
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
        return open_store(self.folder / "store")

    @property
    def workers(self) -> list[int]:
        return workers_in(self.folder)

    @property
    def study(self) -> int:
        (found,) = [pid for pid, title in started_in(self.folder).items() if STUDY in title]
        return found

    def records(self) -> dict[str, str]:
        return records(self.folder)

    def harm(self, before: dict[str, str], n_trials: int = 12) -> tuple[int, int, int]:
        """What was lost, doubled and run again since these records were there."""
        count = Count()
        count_records(self.folder, before, count, n_trials)
        return count.lost, count.doubled, count.again

    def rows(self, table: str = "trials") -> pl.DataFrame:
        return scan(self.store, table).collect()


def signal_all(driver: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Sends what a terminal sends: to the driver and to everything that it started."""
    os.killpg(driver.pid, number)
