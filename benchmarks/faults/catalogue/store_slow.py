"""A store in a bucket that is slow for a while."""

from __future__ import annotations

import time

from benchmarks.faults.bucket import no_server, store_in_bucket
from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.struck import check_others


def strike(scene: Scene) -> None:
    bench, rng = scene.bench, scene.rng
    with store_in_bucket(scene, delay=rng.uniform(0.05, 0.4)) as proxy:
        bench.pause = rng.uniform(0.05, 0.15)
        driver = bench.search()
        bench.wait_for_epochs(rng.randint(3, 30), driver)
        before = bench.records()
        scene.count.struck += 1
        proxy.set("slow")
        until = time.monotonic() + rng.uniform(5.0, 20.0)
        while driver.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        proxy.set("pass")
        bench.ends_well(driver)
        check_others(scene)
        scene.settle(before)


FAULT = Fault(
    injects="every piece of what the store is sent and answers is held back for 0.05 to 0.4 s, from a random moment "
    "on, for 5 to 20 s",
    holds="it costs time alone: no attempt fails, no worker is taken to hang",
    noticed="not at all",
    strike=strike,
    seconds=40,
    lacking=no_server,
)
