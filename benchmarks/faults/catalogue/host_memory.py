"""Main memory that is full: an allocation is refused, a worker takes more than it may, or Ray ends workers."""

from __future__ import annotations

from pathlib import Path

from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.kills import go_on
from benchmarks.faults.struck import check_others, check_ran_out, times_of

REASON = "out_of_memory_host"
MARGIN_MEBIBYTES = 3072  # of memory that healthy processes of the search may take before Ray ends any
HOG_MEBIBYTES = 5120
BOUND_BYTES = 2.0 * 2**30  # of one worker; a healthy one takes a fifth of it


def strike(scene: Scene) -> None:
    bench = scene.bench
    bench.pause = scene.rng.uniform(0.02, 0.1)
    kind = scene.number % 4 if _memory() is not None else scene.number % 3
    if kind == 3:
        _ended_by_ray(scene)
        return
    n_times = 2 if kind == 1 else 1
    bench.faults = "hog" if kind == 2 else " ".join(["allocate", "allocate2"][:n_times])
    bench.environment["HOG_MEBIBYTES"] = str(HOG_MEBIBYTES)
    resources = {"workers": 1 if n_times == 2 else 2}
    driver = bench.search(resources=resources | ({"memory": BOUND_BYTES} if kind == 2 else {}))
    bench.wait_for(f"../../../{bench.faults.split()[0]}.mark", 1, driver)
    before = bench.records()
    scene.count.struck += 1
    bench.ends_well(driver)
    check_ran_out(scene, REASON, n_times)
    if kind == 2:
        times_of(scene, REASON, "hog")
    scene.settle(before)


def _ended_by_ray(scene: Scene) -> None:
    """Its monitor, which is off unless somebody asks for it, ends whom it likes, and Ray Tune then ends too."""
    bench, memory = scene.bench, _memory()
    assert memory is not None
    used, total = memory
    bench.faults = "hog"
    bench.environment |= {
        "RAY_memory_usage_threshold": f"{(used + MARGIN_MEBIBYTES) / total:.4f}",
        "RAY_memory_monitor_refresh_ms": "100",
        "HOG_MEBIBYTES": str(HOG_MEBIBYTES),
    }
    driver = bench.search()
    bench.wait_for("../../../hog.mark", 1, driver)
    before = bench.records()
    scene.count.struck += 1
    status = bench.ends(driver)
    said = " ".join(bench.log.split())
    scene.check(status in (0, 3), f"the driver ended with status {status}: {said}")
    scene.check("Traceback" not in said, f"it ended with a traceback: {said}")
    if status == 3:
        scene.check("automl resume" in said, f"it said: {said}")
        go_on(scene, bench.records() | before)
    else:
        scene.settle(before)
    check_others(scene, REASON)


def _memory() -> tuple[float, float] | None:
    """Used and total memory in mebibytes, where there is room for the fault; None elsewhere."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, free = (int(lines[name].split()[0]) / 1024 for name in ("MemTotal", "MemAvailable"))
    return (total - free, total) if free > 2 * HOG_MEBIBYTES else None


FAULT = Fault(
    injects="an allocation that is refused, once and twice at one trial; a trial that takes more than "
    "resources.memory; one that takes memory until Ray's monitor ends workers, where that was switched on",
    holds="the attempt ends as out_of_memory_host, and not as a lost worker; it is tried once more, with half the "
    "batch at a time; neighbours go on; where Ray's monitor ended the search, `resume` goes on",
    noticed="by the error, in the worker; by the worker's own watch over its memory, which ends it; by what Ray says",
    strike=strike,
    seconds=25,
)
