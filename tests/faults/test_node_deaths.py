"""A search over several nodes, of which one dies: its attempts are lost with their reason, and go on elsewhere."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from automl.execution.ray_token import MODE, TOKEN_PATH, make_token
from benchmarks.faults.bench import Bench
from benchmarks.faults.processes import started_in, wait_until_gone
from benchmarks.faults.ray_nodes import Nodes

NOTICED_SECONDS = 90.0  # Ray knows of a dead node after about fifteen; `hung_after` is ten minutes


@pytest.fixture
def bench() -> Iterator[Bench]:
    """As the other tests have it, in a folder with a short name: Ray makes sockets in it."""
    with tempfile.TemporaryDirectory(prefix="b-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        yield Bench(folder)
        for pid in started_in(folder):
            os.kill(pid, signal.SIGKILL)
        assert wait_until_gone(folder) == {}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_node_that_dies_costs_an_attempt_and_another_may_come(bench: Bench) -> None:
    bench.environment |= {MODE: "token", TOKEN_PATH: str(make_token(bench.folder / "token"))}
    bench.pause = 0.5
    nodes = Nodes(bench)
    nodes.start_head(n_cpus=0)  # nothing trains on it
    nodes.add(n_cpus=1)
    doomed = nodes.add(n_cpus=1)
    driver = bench.search()
    bench.wait_for("logs/worker-1.log", 1, driver)
    bench.wait_for_trials(3, driver)
    time.sleep(1.0)  # else one of them has just ended an attempt
    before = bench.records()
    nodes.kill_node(doomed)
    killed = time.monotonic()
    while "lost_node" not in _reasons(bench):  # though its worker finds no room to come back
        assert driver.poll() is None, f"{_reasons(bench)} {bench.log[-500:]}"
        assert time.monotonic() < killed + NOTICED_SECONDS, f"{_reasons(bench)} {bench.log[-500:]}"
        time.sleep(0.1)
    print(f"noticed after {time.monotonic() - killed:.1f} s")
    nodes.add(n_cpus=1)
    assert bench.ends(driver) == 0, bench.log
    assert bench.harm(before) == (0, 0, 0)
    failed = bench.rows().filter(state="failed")
    assert failed["reason"].to_list().count("lost_node") == 1
    assert set(failed["reason"]) <= {"lost_node", "preempted"}
    assert failed.filter(reason="lost_node")["message"][0].startswith("the node of worker ")
    (row,) = bench.rows("searches").iter_rows(named=True)
    assert (row["state"], row["n_complete"]) == ("complete", 12)


def _reasons(bench: Bench) -> list[str | None]:
    """Why attempts failed, by the records so far."""
    files = bench.folder.glob("store/searches/*/trials/*/*.json")
    return [json.loads(file.read_text()).get("reason") for file in files]
