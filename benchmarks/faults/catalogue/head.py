"""SIGKILL to the GCS, or to every process of the head at once; the head is started again, and the search resumed."""

from __future__ import annotations

import time

from benchmarks.faults.fault import Fault, Scene
from benchmarks.faults.kills import Driver, go_on, under_way
from benchmarks.faults.peer import peer_search
from benchmarks.faults.ray_nodes import Nodes

PATIENCE = {"RAY_gcs_rpc_server_reconnect_timeout_s": "10"}  # seconds until Ray's processes give a GCS up
ENDS_WITHIN = 120.0


def strike(scene: Scene) -> None:
    bench = scene.bench
    bench.environment |= PATIENCE
    nodes = Nodes(bench)
    nodes.start_head(2)
    driver = under_way(scene)
    search_id = bench.search_id
    _kill(scene, nodes, driver)
    scene.count.struck += 1
    began = time.monotonic()
    status = bench.ends(driver, ENDS_WITHIN)
    scene.count.detected.append(time.monotonic() - began)
    scene.check(status != 0, "the driver ended as if nothing had been")
    scene.check("Traceback" not in bench.log, "a traceback was shown")
    before = bench.records()
    nodes.kill_all([])  # what a supervisor does first
    nodes.start_head(2)
    go_on(scene, before)
    scene.check(bench.store.search_ids() == [search_id], "the search has the same id")
    (row,) = bench.rows("searches").iter_rows(named=True)
    scene.check(row["state"] == "complete", f"the row says {row['state']}")
    nodes.kill_all([])


def strike_peer(scene: Scene) -> None:
    scene.bench.environment |= PATIENCE
    nodes = Nodes(scene.bench)
    nodes.start_head(2)

    def kill(driver: Driver) -> None:
        _kill(scene, nodes, driver)
        driver.wait(ENDS_WITHIN)

    peer_search(scene, kill, lambda: nodes.start_head(2))
    nodes.kill_all([])


def _kill(scene: Scene, nodes: Nodes, driver: Driver) -> None:
    if scene.number % 2 == 0:
        nodes.kill_gcs()
    else:
        nodes.kill_all([driver.pid])


FAULT = Fault(
    injects="SIGKILL to the GCS and to the whole head in turn (Ray's processes give a GCS up after 10 s here)",
    holds="the driver ends without a traceback; the tables can be read meanwhile; the same id goes on on the new head",
    noticed="Ray's client gives the GCS up; whoever supervises starts the head and resumes, as the service does",
    strike=strike,
    peer=strike_peer,
    seconds=60,
    within=30.0,
)
