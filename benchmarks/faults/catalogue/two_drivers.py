"""Four drivers of one search at once, of which one is frozen, and revived when another has ended the search."""

from __future__ import annotations

import signal
import time

from benchmarks.faults.fault import Fault, Scene, seconds_until
from benchmarks.faults.kills import under_way
from benchmarks.faults.processes import send

N_MORE = 3


def strike(scene: Scene) -> None:
    bench = scene.bench
    drivers = [under_way(scene)]
    before = bench.records()
    frozen = drivers[0] if scene.number % 2 == 0 else None
    if frozen is not None:
        send(frozen.pid, signal.SIGSTOP)  # in the middle of whatever it does
    n_more = 1 if scene.quick else N_MORE
    drivers += [bench.resume() for _ in range(n_more)]
    if frozen is None:
        frozen = drivers[1]
        place = bench.store.search(bench.search_id)
        seconds_until(lambda: place.last_term() == 1 + n_more, 240, "every driver took its term")
        send(frozen.pid, signal.SIGSTOP)
    began = time.monotonic()
    scene.count.struck += 1
    winners = [driver for driver in drivers if driver is not frozen]
    statuses = [bench.ends(driver) for driver in winners]
    if 0 not in statuses:  # the frozen one had the last term
        send(frozen.pid, signal.SIGCONT)
    scene.count.recovered.append(time.monotonic() - began)
    send(frozen.pid, signal.SIGCONT)
    statuses.append(bench.ends(frozen))
    scene.check(statuses.count(0) >= 1, f"nobody ended the search: exit statuses {statuses}\n{bench.log}")
    scene.check(set(statuses) <= {0, 1}, f"exit statuses {statuses}")
    scene.check("Traceback" not in bench.log, "a traceback was shown")
    (row,) = bench.rows("searches").iter_rows(named=True)
    scene.check(row["state"] == "complete", f"the row says {row['state']}")
    scene.check(row["term"] == 1 + n_more, f"the row is of term {row['term']}")
    scene.settle(before)


FAULT = Fault(
    injects="four drivers of one search at once, one of them frozen (SIGSTOP) and revived at the end",
    holds="the latest term wins and ends the search; the others end with status 1 and write nothing; the row is the "
    "winner's",
    noticed="each driver looks for a later term before it folds, and its study when it writes the journal",
    strike=strike,
    seconds=45,
)
