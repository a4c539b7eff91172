"""A process ends at each durable step that driver, study and workers take, and the same command goes on."""

from __future__ import annotations

from itertools import product

from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.kills import Driver, go_on

PHASES = ("before", "written", "placed", "synced")
FILES = (
    "*/search.json",
    "*/budget.json",
    "*/terms/1",
    "*/clock.json",
    "*/journal/1-[1-9]*",
    "*/trials/*/1.json",
)
TABLES = ("predictions", "scores", "epochs", "trials", "searches")
STEPS = (
    *product(PHASES, FILES),
    *product(("before", "synced"), [f"tables/{name}" for name in TABLES]),
)
MOST_TIMES = 4  # a step of which there are many strikes at one of the first so many


def strike(scene: Scene) -> None:
    bench = scene.bench
    bench.n_trials, bench.pause = 12, 0.02
    phase, pattern = STEPS[scene.number % len(STEPS)]
    many = pattern in FILES[4:]
    n = scene.rng.randint(1, MOST_TIMES) if many else 1
    mark = bench.folder / "crashed"
    bench.environment["AUTOML_FAILPOINT"] = f"{phase} {n} {pattern} {mark}"
    driver = bench.search()
    status = bench.ends(driver)
    scene.check(mark.exists(), f"the step {phase} {pattern} was never come to")
    scene.count.struck += mark.exists()
    del bench.environment["AUTOML_FAILPOINT"]
    in_worker = pattern == FILES[5]
    scene.check((status == 0) == in_worker, f"exit status {status} after a crash {phase} {pattern}")
    if in_worker:  # it died with the driver alive, which went on
        scene.settle({})
        return
    go_on(scene, _records(scene), lambda: _again(scene))


def _records(scene: Scene) -> dict[str, str]:
    store = scene.bench.folder / "store"
    return scene.bench.records() if store.is_dir() else {}


def _again(scene: Scene) -> Driver:
    """The same command: the search may not even have been there."""
    return scene.bench.search()


FAULT = Fault(
    injects=f"the end of a process (os._exit) before, within and after each of {len(STEPS)} durable steps",
    holds="the same command again ends the search, whichever step it was; a worker's death costs an attempt only",
    noticed="as with `driver`; a study that died is told by the driver, with exit status 3",
    strike=strike,
    seconds=20,
    at_least=len(STEPS),
)
