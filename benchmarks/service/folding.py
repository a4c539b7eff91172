"""64 drivers fold into one store at once: what is missing from the tables, and whether any trial waits.

``python -m benchmarks.service.folding [--quick] [--json FILE] [--drivers 64] [--seconds 60] [--bucket]``

Each driver is a spawned process with a search of its own, and keeps its books (`Books`: rows of the search, folds
every some seconds) while it records trials, twice a second. A trial waits for one thing only, that its record is
written; each writing is timed. All drivers begin together, and at the end each folds what is left and closes its
books. Afterwards the tables are compared with what was recorded: every trial once, every epoch of it once, one row a
search that says `complete`. Before that, in the same run: the same processes record trials while nobody folds. So much
is due to the processes and the disk alone.

`--bucket`: in a bucket of a real S3 server on loopback, of which eight drivers are enough.
"""

from __future__ import annotations

import multiprocessing
import queue
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.errors import StorageError
from automl.execution.books import Books
from automl.resolved import Search
from automl.store import SearchFolder, Store, open_store
from automl.store.fold import Fold
from automl.store.tables import scan
from automl.study import Progress
from benchmarks._measure import Measure, arguments, report
from benchmarks._records import trial_record
from benchmarks.faults.bucket import BUCKET, s3_server
from benchmarks.service._made import another, percentile, planned

EVERY_SECONDS = 0.5  # a driver's workers end a trial so often
N_EPOCHS = 5
REACH_WAIT_SECONDS = 1.0  # 99 of 100 records are written within it
ALONE_SECONDS = 20.0  # of recording before anybody folds
PATIENCE_SECONDS = 600.0  # until the next driver has come up, or has ended
MOST_IN_BUCKET = 8  # drivers, since the server is one process
PEER = "the same while nobody folds"


@dataclass(frozen=True)
class Wrote:
    """What one driver did.

    Args:
        alone: seconds that each trial waited for its record while nobody folded.
        waits: the same while everybody folds.
        folds: seconds that each fold took.
        refused: folds that failed; they were done again.
        opening: seconds until its row said that it runs.
        closing: seconds from its last record until its books were closed.
        error: what ended it, if anything did.
    """

    search_id: str
    alone: list[float]
    waits: list[float]
    folds: list[float]
    refused: int
    opening: float
    closing: float
    error: str | None

    @property
    def n_records(self) -> int:
        return len(self.waits)


class _Timed(Fold):
    """A fold that notes how long it took."""

    def __init__(self, store: Store, folder: SearchFolder, term: int) -> None:
        super().__init__(store, folder, term)
        self.seconds: list[float] = []
        self.refused = 0

    def fold(self) -> int:
        began = time.perf_counter()
        try:
            n = super().fold()
        except StorageError:
            self.refused += 1
            raise
        if n:
            self.seconds.append(time.perf_counter() - began)
        return n


@dataclass(frozen=True)
class Signals:
    """How the drivers begin together."""

    ready: Any
    alone: Any
    together: Any


def drive(
    plain: dict[str, Any], places: tuple[str, str], seconds: tuple[float, float], when: Signals, told: Any
) -> None:
    """One driver, in a process of its own: it records where nobody folds, then in the store with its books open."""
    search = Search.from_plain(plain)
    stores = [open_store(place) for place in places]
    folders = [store.create_search(search.search_id, search.to_plain()) for store in stores]
    when.ready.release()
    when.alone.wait()
    alone = _record(folders[0], seconds[0])
    when.ready.release()
    when.together.wait()
    told.put(_with_books(search, stores[1], folders[1], seconds[1], alone))


def _with_books(
    search: Search, store: Store, folder: SearchFolder, seconds: float, alone: list[float]
) -> Wrote:
    books = Books(search, folder, store, folder.term_begin())
    timed = _Timed(store, folder, folder.last_term())
    books._fold = timed  # the books' own, with a clock
    began = time.perf_counter()
    waits: list[float] = []
    opening = closing = 0.0
    error = None
    try:
        books.open()
        opening = time.perf_counter() - began
        waits = _record(folder, seconds)
        books.check()
        books.progress = _done(len(waits))
        began = time.perf_counter()
        books.close("complete")
        closing = time.perf_counter() - began
    except StorageError as failed:
        error = str(failed)
    finally:
        books.stop()
    return Wrote(search.search_id, alone, waits, timed.seconds, timed.refused, opening, closing, error)


def _done(n_trials: int) -> Progress:
    return Progress("done", n_trials, 0, 0, 0, n_trials, 0, 1.0, "mlp", 0, 0, 1.0, ())


def _record(folder: SearchFolder, seconds: float) -> list[float]:
    """Records trials for so long; gives what each waited for its record."""
    waits: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        record = trial_record(folder.search_id, len(waits), N_EPOCHS)
        began = time.perf_counter()
        folder.write_record(record)
        waits.append(time.perf_counter() - began)
        time.sleep(max(0.0, EVERY_SECONDS - waits[-1]))
    return waits


def run(searches: list[Search], places: tuple[str, str], seconds: tuple[float, float]) -> list[Wrote]:
    """What each of the drivers did; they begin when all of them are up."""
    spawn = multiprocessing.get_context("spawn")
    when, told = Signals(spawn.Semaphore(0), spawn.Event(), spawn.Event()), spawn.Queue()
    drivers = [
        spawn.Process(target=drive, args=(search.to_plain(), places, seconds, when, told))
        for search in searches
    ]
    for driver in drivers:
        driver.start()
    try:
        for begin in (when.alone, when.together):
            for _ in drivers:
                _hear(lambda: when.ready.acquire(timeout=1) or None, drivers)
            begin.set()
        found = [_hear(lambda: _next(told), drivers) for _ in drivers]
        for driver in drivers:
            driver.join()
    finally:
        for driver in drivers:
            driver.kill()
    return found


def _hear(listen: Callable[[], Any], drivers: list[Any]) -> Any:
    """What `listen` gives, once it gives something; a driver that died says no more."""
    until = time.monotonic() + PATIENCE_SECONDS
    while (heard := listen()) is None:
        assert not any(driver.exitcode for driver in drivers), "a driver died; what it said stands above"
        assert time.monotonic() < until, "the drivers do not get on"
    return heard


def _next(told: Any) -> Wrote | None:
    try:
        wrote: Wrote = told.get(timeout=1)
    except queue.Empty:
        return None
    return wrote


@dataclass(frozen=True)
class Missing:
    """How the tables differ from what was recorded."""

    records: int
    doubled: int
    epochs: int
    searches: int


def compare(store: Store, wrote: list[Wrote]) -> Missing:
    """What the tables lack, and what they have twice."""
    trials = scan(store, "trials").select("search_id", "trial", "attempt").collect()
    epochs = scan(store, "epochs").select("search_id", "trial", "attempt", "epoch", "metric").collect()
    rows = scan(store, "searches").select("search_id", "state").collect()
    wanted = {(one.search_id, number, 1) for one in wrote for number in range(one.n_records)}
    n_epochs = 2 * N_EPOCHS * len(wanted)
    complete = {(one.search_id, "complete") for one in wrote}
    return Missing(
        records=len(wanted - set(trials.iter_rows())),
        doubled=trials.height
        - trials.n_unique()
        + epochs.height
        - epochs.n_unique()
        + rows.height
        - rows["search_id"].n_unique(),
        epochs=n_epochs - epochs.n_unique(),
        searches=len(complete - set(rows.iter_rows())),
    )


def measured(n_drivers: int, seconds: float, location: str) -> list[Measure]:
    """What the drivers did to a store, which is made where there is none."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="automl-folding-") as name:
        search, _ = planned(Path(name), 1, 1)
    searches = [another(search, number) for number in range(n_drivers)]
    with tempfile.TemporaryDirectory(prefix="automl-folding-") as name:
        other = f"{location.rstrip('/')}-alone" if "://" in location else name
        for place in (other, location):
            open_store(place, create=True)
        wrote = run(searches, (other, location), (min(seconds, ALONE_SECONDS), seconds))
    for one in wrote:
        assert one.error is None, f"the driver of {one.search_id} ended: {one.error}"
    missing = compare(open_store(location), wrote)
    waits = [wait for one in wrote for wait in one.waits]
    alone = [wait for one in wrote for wait in one.alone]
    folds = [fold for one in wrote for fold in one.folds]
    took = time.monotonic() - began
    what = f"{n_drivers} drivers, {len(waits)} records, {len(folds)} folds"

    def counted(name: str, value: float) -> Measure:
        return Measure(f"{what}: {name}", value, "rows", 0, value == 0, repeats=1, seconds=took)

    def of(name: str, value: float, unit: str = "s", beside: float | None = None) -> Measure:
        peer, ratio = (None, None) if beside is None else (PEER, beside / value)
        return Measure(f"{what}: {name}", value, unit, None, None, peer, beside, ratio, len(waits), took)

    wait = of("99 % of records written within", percentile(waits, 99), beside=percentile(alone, 99))
    return [
        counted("records missing from the tables", missing.records),
        counted("rows twice in the tables", missing.doubled),
        counted("epochs missing from the tables", missing.epochs),
        counted("searches that are not complete in the tables", missing.searches),
        Measure(**{**vars(wait), "reach": REACH_WAIT_SECONDS, "met": wait.value <= REACH_WAIT_SECONDS}),
        of("half of records written within", percentile(waits, 50), beside=percentile(alone, 50)),
        of("95 % of records written within", percentile(waits, 95), beside=percentile(alone, 95)),
        of("longest writing of a record", max(waits), beside=max(alone)),
        of("half of folds within", percentile(folds, 50)),
        of("longest fold", max(folds)),
        of("folds refused, and done again", sum(one.refused for one in wrote), "folds"),
        of("longest until a row said that its search runs", max(one.opening for one in wrote)),
        of("longest until a search was closed", max(one.closing for one in wrote)),
    ]


def main() -> None:
    options = arguments(__doc__, drivers=64, seconds=60.0, bucket=False)
    n_drivers, seconds = (4, 8.0) if options.quick else (options.drivers, options.seconds)
    if options.bucket:
        with s3_server():
            found = measured(min(n_drivers, MOST_IN_BUCKET), seconds, f"s3://{BUCKET}/store")
    else:
        with tempfile.TemporaryDirectory(prefix="automl-folding-") as name:
            found = measured(n_drivers, seconds, str(Path(name) / "store"))
    report(found, options.json)


if __name__ == "__main__":
    main()
