"""SIGKILL to the process that holds the study, and `resume`."""

from __future__ import annotations

import signal
import time

from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.kills import go_on, under_way
from benchmarks.faults.processes import send


def strike(scene: Scene) -> None:
    bench = scene.bench
    driver = under_way(scene)
    scene.count.struck += send(bench.study, signal.SIGKILL)
    began = time.monotonic()
    status = bench.ends(driver)
    scene.count.detected.append(time.monotonic() - began)
    scene.check(status == 3, f"the driver ended with status {status}")
    scene.check("Nothing acknowledged is lost" in bench.log, "the driver says what to do")
    scene.check("Traceback" not in bench.log, "a traceback was shown")
    (row,) = bench.rows("searches").iter_rows(named=True)
    scene.check((row["state"], row["reason"]) == ("failed", "lost_node"), f"the row says {row['state']}")
    go_on(scene, bench.records())


FAULT = Fault(
    injects="SIGKILL to the process that holds the study",
    holds="the driver ends with status 3 and a sentence; the row says failed, lost_node, until it goes on",
    noticed="the driver asks the study twice a second; `resume`, or the service, builds it from the journal",
    strike=strike,
    seconds=25,
    within=5.0,
)
