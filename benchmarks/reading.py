"""How quickly results are read and written: ``python -m benchmarks.reading [--quick] [--json FILE]``.

Reading: the leaderboard of one data set, the best 50 trials, and one search's trials, out of a
million trials of 1,000 searches (``--trials``); the peer and limit of the last two is Polars on one
plain, sorted Parquet file of the same rows. Writing: trials recorded and folded into the tables, by
one worker process and by two; none may be missing. ``--work`` keeps the made-up store.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from automl.ranking import board
from automl.store import Store, open_store
from automl.store.fold import Fold
from automl.store.reading import best, ranked, trials
from automl.store.tables import scan
from benchmarks import _million
from benchmarks._measure import Measure, arguments, report, timed
from benchmarks._records import trial_record

REACH_SECONDS = 0.5
SEARCH = "writing-00000000"


def main() -> None:
    default_work = str(Path(tempfile.gettempdir()) / "automl-reading")
    options = arguments(__doc__, work=default_work, trials=0)
    n_trials = options.trials or (100_000 if options.quick else 1_000_000)
    store = _million.build(Path(options.work) / str(n_trials), n_trials)
    measures = reading(store, n_trials, 5 if options.quick else 9)
    measures += [writing(n, 300 if options.quick else 2000) for n in (1, 2)]
    report(measures, options.json)


def reading(store: Store, n_trials: int, repeats: int) -> list[Measure]:
    """The three questions, each beside its peer."""
    plain = _million.sorted_parquet(store)
    one = _million.search_id(500)

    def best_plain() -> pl.DataFrame:
        rows = pl.scan_parquet(plain)
        top = (
            ranked(rows.select("search_id", "trial", "state", "feasible", "goal", "score")).head(50).collect()
        )
        ids = rows.filter(pl.col("search_id").is_in(top["search_id"].to_list()))
        return ids.join(top.lazy(), on=["search_id", "trial"], how="semi").collect()

    questions: list[tuple[str, Callable[[], Any], Callable[[], Any] | None]] = [
        ("the leaderboard of one data set", lambda: board(store, dataset="data-07"), None),
        ("the best 50 of all", lambda: best(store, metric="accuracy", n=50), best_plain),
        (
            "one search's trials",
            lambda: trials(store, one).collect(),
            lambda: pl.scan_parquet(plain).filter(search_id=one).collect(),
        ),
    ]
    found = []
    for name, ours, peers in questions:
        begin = time.monotonic()
        assert ours().height > 0
        value, peer = timed(ours, repeats), None if peers is None else timed(peers, repeats)
        found.append(
            Measure(
                name=f"{name}, of {n_trials} trials",
                value=value,
                unit="s",
                reach=REACH_SECONDS,
                met=value < REACH_SECONDS,
                peer=None if peer is None else "Polars on one sorted Parquet file",
                peer_value=peer,
                ratio=None if peer is None else peer / value,
                repeats=repeats,
                seconds=time.monotonic() - begin,
            )
        )
    return found


def writing(n_processes: int, n_records: int, repeats: int = 5) -> Measure:
    """Trials a second that are recorded by so many workers and stand in the tables at the end."""
    begin, rates, lost = time.monotonic(), [], 0
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as location:
            rate, missing = _write_once(location, n_processes, n_records)
        rates.append(rate)
        lost += missing
    return Measure(
        name=f"trials recorded and folded by {n_processes} worker(s), {lost} of {repeats * n_records} lost",
        value=median(rates),
        unit="trials/s",
        reach=0.0,
        met=lost == 0,
        repeats=repeats,
        seconds=time.monotonic() - begin,
    )


def _write_once(location: str, n_processes: int, n_records: int) -> tuple[float, int]:
    store = open_store(location)
    folder = store.create_search(SEARCH, {})
    spawn = multiprocessing.get_context("spawn")
    ready, go = spawn.Semaphore(0), spawn.Event()
    each = n_records // n_processes
    workers = [
        spawn.Process(target=_record, args=(location, i * each, each, ready, go)) for i in range(n_processes)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    fold, begin, folded = Fold(store, folder, 1), time.perf_counter(), 0
    go.set()
    while any(worker.is_alive() for worker in workers):
        folded += fold.fold()
        time.sleep(0.2)
    folded += fold.fold()
    seconds = time.perf_counter() - begin
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    found = scan(store, "trials").select("trial", "attempt").unique().collect().height
    return folded / seconds, each * n_processes - found


def _record(location: str, first: int, n: int, ready: Any, go: Any) -> None:
    """A worker that only writes: one record after another."""
    folder = open_store(location).search(SEARCH)
    ready.release()
    go.wait()
    for number in range(first, first + n):
        folder.write_record(trial_record(SEARCH, number))


if __name__ == "__main__":
    main()
