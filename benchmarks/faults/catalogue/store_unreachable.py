"""A store in a bucket that does not answer for a while: for some seconds, or for longer than anybody waits."""

from __future__ import annotations

import time
from typing import Literal

from automl.store.places.objects import PATIENCE_SECONDS
from benchmarks.faults.bucket import no_server, store_in_bucket
from benchmarks.faults.fault import Fault, Scene, seconds_until
from benchmarks.faults.kills import Driver
from benchmarks.faults.proxy import FlakyProxy
from benchmarks.faults.struck import check_others

EVERY_LONG = 6  # every so manieth outage is a long one
LONG_SECONDS = PATIENCE_SECONDS + 30


def strike(scene: Scene) -> None:
    bench, rng = scene.bench, scene.rng
    with store_in_bucket(scene) as proxy:
        bench.pause = rng.uniform(0.1, 0.2)
        driver = bench.search()
        bench.wait_for_epochs(rng.randint(3, 30), driver)
        before = bench.records()
        how: Literal["refuse", "silent"] = rng.choice(("refuse", "silent"))
        scene.count.struck += 1
        if scene.number % EVERY_LONG == EVERY_LONG - 1:
            before |= _long(scene, proxy, driver, how)
        else:
            proxy.set(how)
            time.sleep(rng.uniform(0.5, 3.0 if scene.quick else 12.0))
            proxy.set("pass")
            _time_work(scene, driver)
            bench.ends_well(driver)
        check_others(scene)
        scene.settle(before)


def _long(
    scene: Scene, proxy: FlakyProxy, driver: Driver, how: Literal["refuse", "silent"]
) -> dict[str, str]:
    """The search ends for want of its store, and goes on; gives what was there when it had ended."""
    bench = scene.bench
    began = time.monotonic()
    proxy.set(how)
    time.sleep(LONG_SECONDS)
    proxy.set("pass")
    status = bench.ends(driver)
    scene.count.detected.append(time.monotonic() - began)
    said = " ".join(bench.log.split())
    scene.check(status == 1, f"the driver ended with status {status}")
    scene.check("did not answer for" in said and "automl resume" in said, f"it said: {said}")
    scene.check("Traceback" not in said, f"it ended with a traceback: {said}")
    (row,) = bench.rows("searches").iter_rows(named=True)
    found = (row["state"], row["reason"])
    scene.check(found == ("failed", "storage"), f"the search is {found} in the tables")
    left = bench.records()
    resumed = bench.resume()
    _time_work(scene, resumed)
    bench.ends_well(resumed)
    return left


def _time_work(scene: Scene, driver: Driver) -> None:
    """Times how long it takes from now on until there is another record."""
    bench = scene.bench
    n_before = len(bench.records())
    took = seconds_until(
        lambda: driver.poll() is not None or len(bench.records()) > n_before, 400, "work goes on", pause=0.2
    )
    scene.count.recovered.append(took)


FAULT = Fault(
    injects="the store refuses connections, or says nothing, from a random moment on: for up to 12 s, and every "
    f"sixth time for {LONG_SECONDS:g} s",
    holds="a short outage costs nothing but time; after a long one the search has ended with the reason storage, and "
    "`resume` goes on",
    noticed=f"by whoever reads or writes: what does not answer is asked again for {PATIENCE_SECONDS:g} s",
    strike=strike,
    seconds=45,
    lacking=no_server,
)
