"""Workers that die, hang or are stopped: the attempt is lost with its reason, and the search goes on."""

from __future__ import annotations

import os
import signal
import time

import pytest

from benchmarks.faults.bench import Bench

HUNG_AFTER = 20.0  # longer than anything that a healthy worker of a busy machine does


def test_workers_that_die_hang_or_freeze_cost_an_attempt_each(bench: Bench) -> None:
    bench.faults = "hang freeze die"
    driver = bench.search(resources={"workers": 2, "hung_after": HUNG_AFTER})
    assert bench.ends(driver) == 0, bench.log
    rows = bench.rows()
    # A worker that asked for several trials at once may have held some that it had not begun.
    not_begun = (rows["state"] == "failed") & (rows["reason"] == "preempted")
    assert set(rows.filter(not_begun)["message"]) <= {"its worker was lost before it began"}
    rows = rows.filter(~not_begun)
    lost = rows.filter(state="failed")
    assert sorted(lost["reason"]) == ["hung", "hung", "lost_worker"]
    assert set(lost.filter(reason="hung")["message"]) == {"no progress for 20 s"}
    assert sorted(rows.filter(rows["state"] != "failed")["trial"]) == list(range(12))
    assert rows.height == 12 + 3
    (row,) = bench.rows("searches").iter_rows(named=True)
    assert (row["state"], row["n_complete"], row["n_failed"]) == ("complete", 12, 0)


@pytest.mark.slow
def test_worker_killed_from_outside_costs_one_attempt(bench: Bench) -> None:
    pause = [{"file": bench.spec()["families"][0]["file"], "space": {"pause": 0.2}}]
    driver = bench.search(families=pause)
    bench.wait_for("trials/*/*.json", 3, driver)
    time.sleep(0.6)  # else one of them has just ended an attempt
    before = bench.records()
    os.kill(bench.workers[0], signal.SIGKILL)
    assert bench.ends(driver) == 0, bench.log
    assert bench.harm(before) == (0, 0, 0)
    failed = bench.rows().filter(state="failed")
    assert failed["reason"].to_list().count("lost_worker") == 1
    assert set(failed["reason"]) <= {"lost_worker", "preempted"}


@pytest.mark.slow
def test_study_that_is_killed_ends_the_search_in_a_sentence(bench: Bench) -> None:
    pause = [{"file": bench.spec()["families"][0]["file"], "space": {"pause": 0.2}}]
    driver = bench.search(families=pause)
    bench.wait_for("trials/*/*.json", 3, driver)
    before = bench.records()
    os.kill(bench.study, signal.SIGKILL)
    assert bench.ends(driver) == 3
    assert "The process that holds the study died. Nothing acknowledged is lost" in bench.log
    assert "Traceback" not in bench.log
    (row,) = bench.rows("searches").iter_rows(named=True)
    assert (row["state"], row["reason"]) == ("failed", "lost_node")
    assert bench.ends(bench.resume()) == 0, bench.log
    assert bench.harm(before) == (0, 0, 0)
