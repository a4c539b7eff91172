"""SIGKILL to a node (its raylet) of a Ray of three, and another one in its place."""

from __future__ import annotations

import threading
import time

from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.kills import N_TRIALS, Driver, go_on, time_loss
from benchmarks.faults.peer import peer_search
from benchmarks.faults.ray_nodes import Nodes

EPOCH_SECONDS = 0.2
UNREACHABLE = 3


def strike(scene: Scene) -> None:
    bench = scene.bench
    nodes = Nodes(bench)
    nodes.start_head(1)
    killed = nodes.add(1)
    nodes.add(1)
    bench.n_trials, bench.pause = (20 if scene.quick else N_TRIALS), EPOCH_SECONDS
    driver = bench.search(resources={"workers": 3})
    bench.wait_for("logs/worker-*.log", 3, driver)
    time.sleep(scene.rng.uniform(0.5, 3.0))
    before = bench.records()
    nodes.kill_node(killed)
    scene.count.struck += 1
    began = time.monotonic()
    adding = threading.Thread(target=nodes.add, args=(1,))
    adding.start()
    time_loss(scene, before, driver)
    status = bench.ends(driver)
    adding.join()
    if status == UNREACHABLE:  # the study was on that node
        scene.count.detected.append(time.monotonic() - began)
        go_on(scene, before)
    else:
        assert status == 0, f"exit status {status}: {bench.log}"
        scene.settle(before)
    nodes.kill_all([])
    (row,) = bench.rows("searches").iter_rows(named=True)
    scene.check(row["state"] == "complete", f"the row says {row['state']}")
    scene.check(row["n_trials"] == bench.n_trials, f"{row['n_trials']} trials of {bench.n_trials}")
    reasons = set(bench.rows().filter(state="failed")["reason"])
    scene.check(reasons <= {"lost_worker", "lost_node", "preempted"}, f"attempts failed: {sorted(reasons)}")


def strike_peer(scene: Scene) -> None:
    nodes = Nodes(scene.bench)
    nodes.start_head(1)
    killed = nodes.add(1)

    def kill(_driver: Driver) -> None:
        nodes.kill_node(killed)
        nodes.add(1)

    def restart() -> None:
        nodes.start_head(2)

    peer_search(scene, kill, restart)
    nodes.kill_all([])


FAULT = Fault(
    injects=f"SIGKILL to the raylet of one of three nodes in a search of {N_TRIALS} trials, and a new node",
    holds="its trials are tried again elsewhere, and are not counted as the trials' own failures",
    noticed="Ray sees the connection end, or misses its heartbeats; a study that was there is told by status 3",
    strike=strike,
    peer=strike_peer,
    seconds=45,
)
