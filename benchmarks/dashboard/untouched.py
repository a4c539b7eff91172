"""Whether twenty sessions touch the search that they look at: its speed, and what is written to its store.

The search is the product's own, of trials that do nothing, so that every step of it counts. It has its own cores; the
server of the dashboard and the browser have the others. Its speed is taken with and without the sessions, in turns.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from automl.store import Store, open_store
from automl.store.delta import scan
from automl.student import t_quantile
from benchmarks._measure import Measure
from benchmarks.dashboard.addresses import Names
from benchmarks.dashboard.browser import chromium
from benchmarks.dashboard.replica import following
from benchmarks.dashboard.serving import Site, serving
from benchmarks.dashboard.sessions import N_SESSIONS, many_sessions
from benchmarks.dashboard.stores import names_of
from benchmarks.faults.processes import log_of, start, wait_until_gone
from benchmarks.service._made import FAMILY, write_data

NAMED = (
    "searches",
    "search",
    "search-trials",
    "trial",
    "compare",
)  # addresses with something of a search that runs
N_BEFORE = 50  # trials in the tables before anybody looks
PATIENCE_SECONDS = 300.0


def untouched(work: Path, n_pairs: int, window_seconds: float) -> list[Measure]:
    """The figures of a search that is looked at."""
    mine = os.sched_getaffinity(0)
    with _running(work, mine) as (store, search_id):
        names = names_of(store)
        try:
            with chromium() as browser:
                site_log = work / "dashboard.log"
                with serving(Path(str(store.place)), site_log) as site:
                    found = slowing(browser, site, names, store, search_id, n_pairs, window_seconds)
                return [*found, writes(browser, names, store, work, window_seconds)]
        finally:
            os.sched_setaffinity(0, mine)


def slowing(
    browser: Any, site: Site, names: Names, store: Store, search_id: str, n_pairs: int, seconds: float
) -> list[Measure]:
    """Trials a second with the sessions, over trials a second without."""
    began, logs, rates = time.monotonic(), [], []
    for pair in range(n_pairs):
        rate = {}
        for watched in (False, True) if pair % 2 else (True, False):
            sessions = many_sessions(browser, site, names, NAMED) if watched else nullcontext()
            with sessions:
                rate[watched] = _rate(store, search_id, seconds)
        logs.append(math.log(rate[True] / rate[False]))
        rates.append(rate)
    low, high = _interval(logs)
    with_them, without = (mean(rate[watched] for rate in rates) for watched in (True, False))
    took = time.monotonic() - began
    said = f"95 % interval {low:.3f} to {high:.3f}"
    return [
        Measure(
            f"speed of a search with {N_SESSIONS} sessions over its speed without, {said}",
            math.exp(mean(logs)),
            "",
            reach=1.0,
            met=high >= 1.0,
            repeats=n_pairs,
            seconds=took,
        ),
        Measure(
            f"trials of a search with {N_SESSIONS} sessions",
            with_them,
            "trials/s",
            peer="without",
            peer_value=without,
            ratio=with_them / without,
            repeats=n_pairs,
            seconds=took,
        ),
    ]


def writes(browser: Any, names: Names, store: Store, work: Path, seconds: float) -> Measure:
    """How many files of a store a dashboard with many sessions wrote, changed or removed."""
    began = time.monotonic()
    with following(Path(str(store.place)), work / "replica") as replica:
        before = replica.n_copied
        with (
            serving(replica.place, work / "replica.log") as site,
            many_sessions(browser, site, names, NAMED) as tabs,
        ):
            opened = time.monotonic()
            while time.monotonic() - opened < seconds:
                for one in tabs:
                    one.page.reload(wait_until="commit")
                    one.settle()
        assert replica.n_copied > before, "the search did not go on"
    found = replica.strangers()
    for name in found[:20]:
        print(f"written by the dashboard: {name}", flush=True)
    return Measure(
        f"files written to the store by {N_SESSIONS} sessions while {replica.n_copied - before} came from the search",
        len(found),
        "files",
        reach=0.0,
        met=not found,
        seconds=time.monotonic() - began,
    )


@contextmanager
def _running(work: Path, cores: set[int]) -> Iterator[tuple[Store, str]]:
    """A search that goes on, on half of the cores; this process keeps the other half."""
    ordered = sorted(cores)
    half = max(1, len(ordered) // 2)
    folder = work / "search"
    folder.mkdir()
    spec = folder / "spec.yaml"
    spec.write_text(json.dumps(_spec(folder, half)))
    os.sched_setaffinity(0, set(ordered[:half]))  # what is started now stays on these
    environment = {"AUTOML_STORE": str(folder / "store")}
    process = start(folder, "-m", "automl.cli", "search", str(spec), environment=environment)
    os.sched_setaffinity(0, set(ordered[half:]) or cores)
    try:
        yield _begun(folder, process)
    finally:
        process.send_signal(signal.SIGINT)
        wait_until_gone(folder, 60)
        process.wait(60)


def _begun(folder: Path, process: subprocess.Popen[bytes]) -> tuple[Store, str]:
    """Its store and its id, as soon as enough of its trials stand in the tables."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log_of(folder)
        if (folder / "store").is_dir():
            store = open_store(folder / "store")
            rows = scan(store, "searches").select("search_id", "n_complete", "best_trial").collect()
            if rows.height and rows["n_complete"][0] >= N_BEFORE and rows["best_trial"][0] is not None:
                return store, str(rows["search_id"][0])
        time.sleep(1)
    raise AssertionError(f"the search did not begin: {log_of(folder)}")


def _spec(folder: Path, n_workers: int) -> dict[str, Any]:
    return {
        "name": "watched",
        "data": {"path": str(write_data(folder)), "target": "target"},
        "families": [{"file": str(FAMILY)}],
        "budget": {"trials": 1_000_000, "epochs": 5, "time": "2h"},
        "search": {"sampler": "random", "rungs": "none"},
        "finalists": {"top": 1, "seeds": 1},
        "resources": {"workers": n_workers},
    }


def _rate(store: Store, search_id: str, seconds: float) -> float:
    """Trials a second that were begun."""
    folder = Path(str(store.search_place(search_id))) / "trials"
    before, began = _n_trials(folder), time.monotonic()
    time.sleep(seconds)
    return (_n_trials(folder) - before) / (time.monotonic() - began)


def _n_trials(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(1 for _ in entries)


def _interval(logs: list[float]) -> tuple[float, float]:
    """The 95 % interval of the ratio whose logarithms these are; of one alone, nothing is known."""
    if len(logs) < 2:
        return 0.0, math.inf
    reach = float(t_quantile(0.975, np.array([len(logs) - 1.0]))[0]) * stdev(logs) / math.sqrt(len(logs))
    return math.exp(mean(logs) - reach), math.exp(mean(logs) + reach)
