"""A store in a bucket that does what it is asked, and whose answers are lost: was it done, or not?"""

from __future__ import annotations

import time
from collections import Counter

from benchmarks.faults.bucket import no_server, store_in_bucket
from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.struck import check_others


def strike(scene: Scene) -> None:
    bench, rng = scene.bench, scene.rng
    with store_in_bucket(scene) as proxy:
        bench.pause = rng.uniform(0.05, 0.15)
        driver = bench.search()
        bench.wait_for_epochs(rng.randint(1, 20), driver)
        before = bench.records()
        while driver.poll() is None:
            proxy.set("lose_answers", lose=rng.randint(1, 4))
            time.sleep(rng.uniform(0.2, 1.0))
        proxy.set("pass")
        scene.count.struck += proxy.n_lost
        bench.ends_well(driver)
        scene.check(proxy.n_lost > 0, "no answer was lost")
        check_others(scene)
        _check_journal(scene)
        scene.settle(before)


def _check_journal(scene: Scene) -> None:
    """What the study decided stands there once: a put that was repeated is not another entry."""
    entries = scene.bench.store.search(scene.bench.search_id).read_journal()
    opened = Counter(entry["number"] for entry in entries if entry["event"] == "suggest")
    twice = sorted(number for number, n in opened.items() if n > 1)
    scene.check(not twice, f"the journal opens the trials {twice} twice")


FAULT = Fault(
    injects="one to four answers of the store are lost after it has done what it was asked, once or more a second, "
    "from a random moment to the end",
    holds="no record, row or entry of the journal stands twice; nobody takes their own write for another's",
    noticed="the connection ends; a write that is refused when it is repeated is settled by reading it back",
    strike=strike,
    seconds=35,
    lacking=no_server,
)
