"""A disk that fills up: the search stops and says why, keeps what it acknowledged, and can go on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faults.bench import FAMILY, Bench

PAUSE = [{"file": str(FAMILY), "space": {"pause": 0.1}}]


@pytest.mark.slow
def test_worker_that_cannot_write_stops_the_search(bench: Bench) -> None:
    bench.faults = "fill"
    driver = bench.search(families=PAUSE)
    assert bench.ends(driver) == 1, bench.log
    before = bench.records()
    said = bench.log.replace("\n", " ")
    assert "stopped: " in said
    assert "File too large" in said
    assert "go on with `automl resume toy-" in said
    assert "Traceback" not in said
    (row,) = bench.rows("searches").iter_rows(named=True)
    assert (row["state"], row["reason"]) == ("failed", "storage")
    assert bench.ends(bench.resume()) == 0, bench.log
    assert bench.harm(before) == (0, 0, 0)


@pytest.fixture
def small_disk(bench: Bench) -> Iterator[Path]:
    """The place of the store, on a disk of its own that is soon full."""
    place = bench.folder / "store"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="only root mounts disks")
def test_full_disk_stops_the_search_and_loses_nothing(bench: Bench, small_disk: Path) -> None:
    driver = bench.search(families=PAUSE, budget={"trials": 60, "epochs": 5})
    assert bench.ends(driver) == 1, bench.log
    before = bench.records()
    said = bench.log.replace("\n", " ")
    assert "No space left on device" in said
    assert "automl resume" in said or "then resume" in said
    assert "Traceback" not in said
    assert before
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert bench.ends(bench.resume()) == 0, bench.log
    assert bench.harm(before, n_trials=60) == (0, 0, 0)
