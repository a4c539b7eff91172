"""SIGTERM as clouds send it, and SIGKILL thirty seconds later: to the driver, or to a process that trains."""

from __future__ import annotations

import signal
import time

from benchmarks.faults.bench import PATIENCE_SECONDS
from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.kills import GRACE_SECONDS, Driver, go_on, under_way
from benchmarks.faults.peer import peer_search
from benchmarks.faults.processes import is_alive, send

N_EPOCHS = 5


def strike(scene: Scene) -> None:
    driver = under_way(scene)
    if scene.number % 2 == 0:
        _to_a_worker(scene, driver)
    else:
        _to_the_driver(scene, driver)
    trained = scene.bench.n_epochs
    wanted = N_EPOCHS * (scene.bench.n_trials + 1)  # every trial, and one refit
    scene.check(trained == wanted, f"{trained} epochs were trained, and {wanted} needed: some twice")
    lost = scene.bench.rows().filter(state="failed")
    others = sorted(set(lost["reason"]) - {"preempted"})
    scene.check(not others, f"attempts count as failed: {', '.join(others)}")


def _to_a_worker(scene: Scene, driver: Driver) -> None:
    bench = scene.bench
    worker = scene.rng.choice(bench.workers)
    before = bench.records()
    scene.count.struck += send(worker, signal.SIGTERM)
    scene.check(_left(worker), f"the worker was there {GRACE_SECONDS:g} s after SIGTERM")
    n_workers = len(bench.workers)
    began = time.monotonic()
    while driver.poll() is None and len(bench.workers) == n_workers:
        assert time.monotonic() - began < PATIENCE_SECONDS, bench.log
        time.sleep(0.05)
    scene.count.recovered.append(time.monotonic() - began)
    bench.ends_well(driver)
    scene.settle(before)


def _to_the_driver(scene: Scene, driver: Driver) -> None:
    bench = scene.bench
    scene.count.struck += send(driver.pid, signal.SIGTERM)
    began = time.monotonic()
    while driver.poll() is None and time.monotonic() - began < GRACE_SECONDS:
        time.sleep(0.02)
    if driver.poll() is None:
        driver.kill()
    scene.count.detected.append(time.monotonic() - began)
    status = driver.wait()
    scene.check(status in (130, 0), f"the driver ended with status {status} within its grace")
    go_on(scene, bench.records())


def _left(pid: int) -> bool:
    """Whether a process left within its grace; it is killed where it did not."""
    deadline = time.monotonic() + GRACE_SECONDS
    while is_alive(pid):
        if time.monotonic() > deadline:
            send(pid, signal.SIGKILL)
            return False
        time.sleep(0.02)
    return True


def strike_peer(scene: Scene) -> None:
    def preempt(driver: Driver) -> None:
        driver.terminate()
        if not _left(driver.pid):
            driver.wait()

    peer_search(scene, preempt)


FAULT = Fault(
    injects="SIGTERM, and SIGKILL 30 s later: to a worker and to the driver in turn",
    holds="it ends within the grace with a checkpoint; no epoch is trained twice; no attempt counts as failed",
    noticed="by the process itself; another worker, or `resume`, goes on from the checkpoint",
    strike=strike,
    peer=strike_peer,
    seconds=30,
    within=GRACE_SECONDS,
)
