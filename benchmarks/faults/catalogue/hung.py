"""A trial that hangs: sleeping for ever, in native code that holds the interpreter, and stopped by a signal."""

from __future__ import annotations

from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.processes import is_alive
from benchmarks.faults.struck import check_others, check_retried, times_of

WAYS = ("hang", "spin", "freeze")
HUNG_AFTER = 15.0  # longer than anything that a healthy worker takes, the first import of torch included


def strike(scene: Scene) -> None:
    bench = scene.bench
    bench.faults = WAYS[scene.number % len(WAYS)]
    bench.pause = scene.rng.uniform(0.02, 0.1)
    driver = bench.search(resources={"workers": 2, "hung_after": HUNG_AFTER})
    bench.wait_for(f"../../../{bench.faults}.mark", 1, driver)
    before = bench.records()
    scene.count.struck += 1
    bench.ends_well(driver)
    pid = int((bench.folder / f"{bench.faults}.mark").read_text())
    scene.check(not is_alive(pid), f"the worker that hung ({bench.faults}) was not ended")
    check_others(scene, "hung")
    check_retried(scene, "hung")
    times_of(scene, "hung", bench.faults)
    scene.settle(before)


FAULT = Fault(
    injects="a network that sleeps for ever, one that stays in native code and holds the interpreter, one whose "
    "process is stopped (SIGSTOP), in turn",
    holds=f"the attempt ends as hung within twice hung_after ({HUNG_AFTER:g} s), its process too; the trial is "
    "tried again; no other trial fails",
    noticed="the study has not heard of the worker for hung_after, and has Ray end it",
    strike=strike,
    seconds=40,
    within=2 * HUNG_AFTER,
)
