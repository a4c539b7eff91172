"""A GPU whose memory is full, once, and twice at one trial. The network itself raises the error: no GPU is needed."""

from __future__ import annotations

from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.struck import check_ran_out

FAULT_NAME, REASON = "exhaust_gpu", "out_of_memory_gpu"


def strike(scene: Scene) -> None:
    n_times = 1 + scene.number % 2
    bench = scene.bench
    bench.faults = " ".join([FAULT_NAME, f"{FAULT_NAME}2"][:n_times])
    bench.pause = scene.rng.uniform(0.02, 0.1)
    # One worker alone tries the same trial again at once, so that the second fault strikes it again.
    driver = bench.search(resources={"workers": 1 if n_times == 2 else 2})
    bench.wait_for(f"../../../{FAULT_NAME}.mark", 1, driver)
    before = bench.records()
    scene.count.struck += 1
    bench.ends_well(driver)
    check_ran_out(scene, REASON, n_times)
    scene.settle(before)


FAULT = Fault(
    injects="torch.cuda.OutOfMemoryError in the third epoch of a trial, and in its next attempt too, in turn",
    holds="the attempt ends as out_of_memory_gpu; it is tried once more, with half the batch at a time; no other "
    "trial fails",
    noticed="by the error, in the worker, at once",
    strike=strike,
    seconds=20,
)
