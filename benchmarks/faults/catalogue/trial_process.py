"""SIGKILL to a process that trains: at a random moment, and inside the writing of a checkpoint."""

from __future__ import annotations

import signal
import time
from functools import partial
from itertools import product

from benchmarks.faults.fault import Fault, Scene, seconds_until
from benchmarks.faults.kills import Driver, time_loss, under_way
from benchmarks.faults.peer import peer_search
from benchmarks.faults.processes import is_alive, send, titled

N_EPOCHS, EPOCH_SECONDS = 12, 0.3
STEPS = tuple(
    product(("*/2-*/checkpoint/*.safetensors", "*/2-*/checkpoint/*.json"), ("before", "written", "placed"))
)


def strike(scene: Scene) -> None:
    if scene.number % 2 == 0:
        _at_random(scene)
    else:
        _inside_a_checkpoint(scene)


def _at_random(scene: Scene) -> None:
    bench = scene.bench
    driver = under_way(scene)
    workers = bench.workers
    assert workers, "no worker was found to be killed"
    before = bench.records()
    scene.count.struck += send(scene.rng.choice(workers), signal.SIGKILL)
    time_loss(scene, before, driver)
    bench.ends_well(driver)
    scene.settle(before)


def _inside_a_checkpoint(scene: Scene) -> None:
    """The first attempt leaves a whole checkpoint, the second one dies while it writes its own."""
    bench = scene.bench
    pattern, phase = STEPS[scene.number // 2 % len(STEPS)]
    mark = bench.folder / "crashed"
    bench.environment["AUTOML_FAILPOINT"] = f"{phase} 1 {pattern} {mark}"
    bench.n_trials, bench.pause = 1, EPOCH_SECONDS
    driver = bench.search(budget={"trials": 1, "epochs": N_EPOCHS}, resources={"workers": 1})
    n_before = [0]
    for n in (3, 6):
        bench.wait_for_epochs(n, driver)
        (worker,) = bench.workers
        send(worker, signal.SIGTERM)  # it writes a checkpoint, and leaves
        seconds_until(partial(_is_gone, worker), 60, "the worker left")
        n_before.append(bench.n_epochs)
    before = bench.records()
    scene.count.struck += mark.exists()
    scene.check(mark.exists(), f"the step {phase} {pattern} was never come to")
    began = time.monotonic()
    bench.wait_for_epochs(n_before[-1] + 1, driver)
    scene.count.recovered.append(time.monotonic() - began)
    bench.ends_well(driver)
    redone = bench.n_epochs - 2 * N_EPOCHS  # of the trial and of its refit
    since = n_before[2] - n_before[1]  # epochs of the attempt that died
    scene.check(redone <= since, f"{redone} epochs were trained again, but only {since} since the checkpoint")
    scene.settle(before)


def _is_gone(pid: int) -> bool:
    return not is_alive(pid)


def strike_peer(scene: Scene) -> None:
    def kill(_driver: Driver) -> None:
        workers = titled(scene.bench.folder, "ImplicitFunc")
        assert workers, "no process of a trial was found"
        send(scene.rng.choice(workers), signal.SIGKILL)

    peer_search(scene, kill)


FAULT = Fault(
    injects="SIGKILL to a worker at a random moment; its end before, within and after the files of a checkpoint",
    holds="the next attempt goes on from the last whole checkpoint; no partial file is used",
    noticed="Ray Tune sees the process end and starts it again; the new one says so to the study, which puts back "
    "what the old one held",
    strike=strike,
    peer=strike_peer,
    seconds=30,
)
