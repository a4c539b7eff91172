"""How soon a submitted search is answered where the store holds 1,000 searches.

``python -m benchmarks.service.submitting [--quick] [--json FILE] [--searches 1000] [--queued 200] [--submissions 20]``

The store is made by the store's own functions: a folder, a submission, a row and ten trials for each search, all
complete. The service is a process of its own on loopback, over a cluster that has no machine at the moment, so that
no driver competes for this machine. Small data are submitted over HTTP, one search every some seconds; an answer
includes the upload, reading the data in a process of its own, and the row that says `queued`. Then the same searches
again; then eight new ones at the same moment.

Then so many searches are queued, and the service is started anew: how long until it answers, until a submission is
answered at that moment, and how long the dispatcher takes to look at all of them, for the first time and later.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any, cast

import polars as pl

from automl.api import spec_of
from automl.execution.books import row_of
from automl.execution.process_jobs import ProcessJobs
from automl.resolved import Search
from automl.service.dispatcher import Dispatcher
from automl.store import Store, open_store
from automl.store.delta import append, open_or_create, table_schema
from benchmarks._measure import Measure, arguments, report
from benchmarks._records import trial_record
from benchmarks.service._idle import nothing
from benchmarks.service._made import (
    another,
    percentile,
    planned,
    serving,
    submission,
    write_data,
)

REACH_SECONDS = 1.0
N_TRIALS = 10  # of each search in the store
PAUSE_SECONDS = 4.0  # between two submissions
N_AT_ONCE = 8
N_TICKS = 5


def make(store: Store, searches: list[Search], state: str) -> None:
    """Puts searches into a store, submitted by five users; complete ones with ten trials each."""
    rows, trials = [], []
    for number, search in enumerate(searches):
        folder = store.create_search(search.search_id, search.to_plain())
        for name, content in submission(f"user-{number % 5}", float(number)).items():
            (folder.place / name).write_over(content)
        rows.append(vars(row_of(search, folder, 1, cast(Any, state))))
        if state == "complete":
            trials += [vars(trial_record(search.search_id, trial).trial) for trial in range(N_TRIALS)]
    for table, found in (("searches", rows), ("trials", trials)):
        if found:
            frame = pl.DataFrame(cast(Any, found), schema=table_schema(table), orient="row")
            append(open_or_create(store, table), frame, f"made/{state}/{table}", 0)


class Submitting:
    """Submits searches over the same small data, each with a seed of its own."""

    def __init__(self, folder: Path) -> None:
        self._file = write_data(folder)

    def once(self, remote: Any, seed: int) -> float:
        """Seconds until the answer."""
        spec = spec_of(
            {
                "name": "small",
                "data": {"path": str(self._file), "target": "target"},
                "families": ["mlp"],
                "seed": seed,
            }
        )
        began = time.perf_counter()
        answer = remote.submit(spec)
        seconds = time.perf_counter() - began
        assert answer["state"] == "queued", answer
        return seconds

    def many(self, remote: Any, n: int) -> list[float]:
        found = []
        for seed in range(n):
            time.sleep(PAUSE_SECONDS)
            found.append(self.once(remote, seed))
        return found


def submissions(store: Store, folder: Path, n: int) -> list[Measure]:
    """What a user waits for answers."""
    began = time.monotonic()
    n_before = len(store.search_ids())
    user = Submitting(folder)
    with serving(store, folder / "service.log", idle=True) as service:
        start = service.start_seconds
        first = user.many(service.remote, n)
        again = user.many(service.remote, n)
        time.sleep(PAUSE_SECONDS)
        with ThreadPoolExecutor(N_AT_ONCE) as pool:
            seeds = range(n, n + N_AT_ONCE)
            at_once = list(pool.map(lambda seed: user.once(service.remote, seed), seeds))
    wanted = n_before + n + N_AT_ONCE
    assert len(store.search_ids()) == wanted, (len(store.search_ids()), wanted)
    where, took = f"{n_before} searches in the store", time.monotonic() - began
    found = [Measure(f"{where}: the service answers after", start, "s", repeats=1, seconds=took)]
    for what, seconds in (("a search", first), ("the same again", again), ("8 at the same moment", at_once)):
        judged = REACH_SECONDS if seconds is not at_once else None
        for name, value in (
            ("half answered within", median(seconds)),
            ("95 % answered within", percentile(seconds, 95)),
            ("longest answer", max(seconds)),
        ):
            met = None if judged is None else value < judged
            found.append(
                Measure(
                    f"{where}: {what} submitted, {name}",
                    value,
                    "s",
                    judged,
                    met,
                    None,
                    None,
                    None,
                    len(seconds),
                    took,
                )
            )
    return found


def queued(store: Store, folder: Path, n_queued: int) -> list[Measure]:
    """What a service that is started anew does with searches that wait."""
    began = time.monotonic()
    base, _ = planned(folder, 1, 1)
    make(store, [another(base, 10_000 + number) for number in range(n_queued)], "queued")
    user = Submitting(folder)
    with serving(store, folder / "service.log", idle=True) as service:
        start = service.start_seconds
        at_start = user.once(service.remote, 20_000)
    dispatcher = Dispatcher(store, ProcessJobs(str(store)), nothing)
    loading = _seconds(dispatcher.start)
    dispatcher.stop()  # its thread; the looks are ours from now on
    looks = [_seconds(dispatcher.tick) for _ in range(N_TICKS)]
    found = []
    for name, value, judged in (
        ("the service answers after", start, None),
        ("a search submitted at that moment is answered within", at_start, REACH_SECONDS),
        ("the dispatcher reads what waits in", loading, None),
        ("it looks at all for the first time in", looks[0], None),
        ("it looks at all again in", median(looks[1:]), None),
    ):
        met = None if judged is None else value < judged
        found.append(
            Measure(
                f"{n_queued} searches wait, of {len(store.search_ids())}: {name}",
                value,
                "s",
                judged,
                met,
                seconds=time.monotonic() - began,
            )
        )
    return found


def _seconds(do: Callable[[], None]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def main() -> None:
    options = arguments(__doc__, searches=1000, queued=200, submissions=20)
    n_searches, n_queued, n = (
        (20, 5, 2) if options.quick else (options.searches, options.queued, options.submissions)
    )
    with tempfile.TemporaryDirectory(prefix="automl-submitting-") as name:
        folder = Path(name)
        base, _ = planned(folder, 1, 1)
        store = open_store(folder / "store", create=True)
        make(store, [another(base, number) for number in range(n_searches)], "complete")
        found = submissions(store, folder, n)
        report(found)
        waiting = queued(store, folder, n_queued)
    report([*found, *waiting] if options.json else waiting, options.json)


if __name__ == "__main__":
    main()
