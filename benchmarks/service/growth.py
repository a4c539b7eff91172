"""By how much the service's process grows for each trial that is recorded in its store.

``python -m benchmarks.service.growth [--quick] [--json FILE] [--trials 20000] [--each 1000]``

A process of its own records trials, one search after the other, writes a line of log for each, and folds them into the
tables. Meanwhile four clients page through the searches, their trials and their logs over HTTP, from the latest search
and from earlier ones. The memory of the service's process is read after a fifth of the trials, when caches have filled,
and at the end.

Beside it, without a limit: what the study keeps of each trial in memory, in the driver's actor.
"""

from __future__ import annotations

import multiprocessing
import random
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

from automl.resolved import Search
from automl.store import open_store
from automl.store.fold import Fold
from benchmarks._measure import Measure, arguments, report
from benchmarks._records import trial_record
from benchmarks.service._made import (
    N_EPOCHS,
    Serving,
    another,
    planned,
    resident_bytes,
    serving,
)

REACH_BYTES = 1000.0
N_CLIENTS = 4
WARM_UP = 0.2  # of the trials
FOLD_EVERY = 100
PATIENCE_SECONDS = 900.0  # until the next search is whole
N_READINGS = 5


def record(plain: dict[str, Any], location: str, first: int, n_searches: int, each: int, told: Any) -> None:
    """Records and folds whole searches, and tells the number of each."""
    from automl.execution.books import row_of

    base, store = Search.from_plain(plain), open_store(location)
    for number in range(first, first + n_searches):
        search = another(base, number)
        folder = store.create_search(search.search_id, search.to_plain())
        fold = Fold(store, folder, folder.term_begin())
        log = folder.place / "logs" / "driver.log"
        lines: list[str] = []
        for trial in range(each):
            folder.write_record(trial_record(search.search_id, trial, 5))
            lines.append(f"trial {trial} of {search.search_id} has ended\n")
            if (trial + 1) % FOLD_EVERY == 0 or trial + 1 == each:
                log.write_over("".join(lines).encode())
                fold.fold()
                fold.update_search(row_of(search, folder, 1, "running"))
        told.put(number)


class Clients:
    """Users who page through what there is, one request after the other."""

    def __init__(self, service: Serving) -> None:
        self.n_requests = 0
        self.failures: list[Exception] = []
        self._service = service
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._page, args=(seed,)) for seed in range(N_CLIENTS)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _page(self, seed: int) -> None:
        rng, remote = random.Random(seed), self._service.remote
        while not self._stopping.is_set():
            try:
                ids = remote.searches()["search_id"].to_list()
                for search_id in ids[:1] + rng.sample(ids, min(1, len(ids))):
                    remote.trials(search_id)
                    for name in remote.log_names(search_id):
                        remote.log_part(search_id, name, rng.choice((0, 4096)))
                        self.n_requests += 1
                    self.n_requests += 2
                self.n_requests += 1
            except Exception as error:  # kept for the end: a thread that dies would measure nothing
                self.failures.append(error)
                return


def measured(n_trials: int, each: int) -> list[Measure]:
    began = time.monotonic()
    n_searches = n_trials // each
    warm = max(1, round(n_searches * WARM_UP))
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="automl-growth-") as name:
        folder = Path(name)
        base, _ = planned(folder, 1, 1)
        store = open_store(folder / "store", create=True)
        told = spawn.Queue()
        writer = spawn.Process(
            target=record, args=(base.to_plain(), str(store), 0, n_searches, each, told), daemon=True
        )
        with serving(store, folder / "service.log") as service, Clients(service) as clients:
            writer.start()
            readings = []
            for number in range(n_searches):
                assert told.get(timeout=PATIENCE_SECONDS) == number
                if number + 1 in (warm, n_searches):
                    readings.append(_reading(service))
                    print(f"{(number + 1) * each} trials: {readings[-1] / 2**20:.1f} MiB", flush=True)
        writer.join()
        assert not clients.failures, clients.failures[0]
        assert clients.n_requests > 0
    n_between = (n_searches - warm) * each
    grown = (readings[-1] - readings[0]) / n_between
    took = time.monotonic() - began
    return [
        Measure(
            f"the service's process, {n_between} trials recorded, {clients.n_requests} requests",
            grown,
            "bytes/trial",
            REACH_BYTES,
            grown < REACH_BYTES,
            repeats=1,
            seconds=took,
        ),
        Measure("the service's process at the end", readings[-1] / 2**20, "MiB", seconds=took),
    ]


def _reading(service: Serving) -> float:
    """The memory in use, the median of some readings while clients go on."""
    found = []
    for _ in range(N_READINGS):
        time.sleep(0.5)
        found.append(service.resident_bytes)
    return float(median(found))


def of_study(n_trials: int) -> Measure:
    """What a study keeps of each trial, in a process of its own."""
    began = time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    told = spawn.Queue()
    process = spawn.Process(target=_study, args=(n_trials, told), daemon=True)
    process.start()
    grown = float(told.get(timeout=PATIENCE_SECONDS))
    process.join()
    return Measure(
        f"the study, {n_trials} trials of TPE", grown, "bytes/trial", seconds=time.monotonic() - began
    )


def _study(n_trials: int, told: Any) -> None:
    from benchmarks.service.slots import OurStudy

    n_warm = max(8, n_trials // 5)
    with tempfile.TemporaryDirectory(prefix="automl-growth-") as name:
        search, prepared = planned(Path(name), n_warm + n_trials, 4)
        study = OurStudy(Path(name), search, prepared)
        before = 0
        ended = None
        for number in range(n_warm + n_trials):
            if number == n_warm:
                before = resident_bytes()
            work = study.ask("0", ended)
            for epoch in range(1, N_EPOCHS + 1):
                study.report("0", work, epoch)
            ended = study.end("0", work, N_EPOCHS)
    told.put((resident_bytes() - before) / n_trials)


def main() -> None:
    options = arguments(__doc__, trials=20_000, each=1000, study=2000)
    n_trials, each, n_study = (
        (1000, 100, 100) if options.quick else (options.trials, options.each, options.study)
    )
    report([*measured(n_trials, each), of_study(n_study)], options.json)


if __name__ == "__main__":
    main()
