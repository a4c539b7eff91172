"""What the programs of this folder share: a search whose trials do nothing, and a service."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import polars as pl

from automl.remote import Remote
from automl.resolved import Search
from automl.service.tokens import Tokens
from automl.store import Store
from benchmarks.faults.processes import free_port

if TYPE_CHECKING:
    from automl.data import Prepared

N_EPOCHS = 5
FAMILY = Path(__file__).parents[1] / "_noop.py"
START_SECONDS = 120.0  # for a service to come up on a machine that has much to do


def write_data(folder: Path) -> Path:
    """A table of 200 random rows, to be predicted from each other."""
    rng = np.random.default_rng(0)
    file = folder / "nothing.parquet"
    pl.DataFrame({"a": rng.normal(size=200), "target": rng.normal(size=200)}).write_parquet(file)
    return file


def planned(folder: Path, n_trials: int, n_workers: int, early: bool = False) -> tuple[Search, Prepared]:
    """A search that is not begun, and its data: five parameters for TPE, five epochs a trial, no baselines.

    Args:
        early: stop trials early.
    """
    from automl.api import spec_of
    from automl.run import plan_search

    spec = {
        "name": "sleeping",
        "data": {"path": str(write_data(folder)), "target": "target"},
        "families": [{"file": str(FAMILY)}],
        "budget": {"trials": n_trials, "epochs": N_EPOCHS},
        "search": {"sampler": "tpe"} | ({} if early else {"rungs": "none"}),
        "finalists": {"top": 1, "seeds": 1},
        "resources": {"workers": n_workers},
    }
    search, prepared = plan_search(spec_of(spec))
    return replace(search, baselines=()), prepared


def another(search: Search, number: int) -> Search:
    """A search like this one, of another name."""
    name = f"{search.name}-{number:04d}"
    return replace(search, search_id=f"{name}-{number * 2654435761 % 2**32:08x}", name=name)


def percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))


@dataclass(frozen=True)
class Serving:
    """``automl serve`` in a process of its own.

    Args:
        remote: how an admin of it asks.
    """

    url: str
    process: subprocess.Popen[bytes]
    remote: Remote
    start_seconds: float

    @property
    def resident_bytes(self) -> int:
        return resident_bytes(self.process.pid)


@contextmanager
def serving(store: Store, log: Path, idle: bool = False) -> Iterator[Serving]:
    """A service over a store on loopback, ended at the end; what it prints goes to `log`.

    Args:
        idle: it has no worker to give away, so that submitted searches wait.
    """
    token, _ = Tokens(store).create("measuring", "admin", timedelta(hours=2))
    port = free_port()
    words = ["automl.cli", "serve", "--store", str(store), "--port", str(port), "--limit", "requests=1000000"]
    if idle:
        words = ["benchmarks.service._idle", str(store), str(port)]
    url, began = f"http://127.0.0.1:{port}", time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        while not _answers(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - began < START_SECONDS, f"the service does not answer: {log.read_text()}"
            time.sleep(0.05)
        yield Serving(url, process, Remote(url, token), time.monotonic() - began)
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/health", timeout=5).is_success
    except httpx.TransportError:
        return False


def resident_bytes(process: int | str = "self") -> int:
    """The memory that a process has in use."""
    (line,) = [
        line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS")
    ]
    return int(line.split()[1]) * 1024


def submission(user: str, at: float) -> dict[str, bytes]:
    """The files that say of a search that it was submitted and is to run, by name."""
    from automl.service.dispatcher import WISH
    from automl.store.signs import SUBMISSION

    moment = datetime.fromtimestamp(at, UTC).isoformat()
    said: dict[str, Any] = {"user": user, "at": moment, "order": at}
    return {SUBMISSION: json.dumps(said).encode(), WISH: json.dumps({"want": "run"}).encode()}
