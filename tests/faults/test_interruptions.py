"""Ctrl-C and SIGTERM: a checkpoint at the end of the epoch, exit status 130, and no epoch twice."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import automl
from automl.execution.local import LocalExecutor
from benchmarks.faults.bench import FAMILY, Bench, signal_all

N_EPOCHS = 12
ONE_TRIAL: dict[str, Any] = {
    "budget": {"trials": 1, "epochs": N_EPOCHS},
    "resources": {"workers": 1},
    "families": [{"file": str(FAMILY), "space": {"pause": 0.6, "learning_rate": 0.01}}],
}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["terminated", "interrupted"])
def test_interrupted_search_goes_on_at_the_epoch_it_had(
    bench: Bench, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = bench.search(**ONE_TRIAL)
    bench.wait_for_epochs(4, driver)
    if how == "terminated":
        driver.terminate()
    else:
        signal_all(driver, signal.SIGINT)
    assert bench.ends(driver) == 130, bench.log
    assert "Paused. Go on with: automl resume toy-" in bench.log
    (row,) = bench.rows("searches").iter_rows(named=True)
    assert (row["state"], row["reason"]) == ("stopped", "cancelled")
    assert bench.n_epochs < N_EPOCHS
    assert bench.ends(bench.resume()) == 0, bench.log
    assert "Traceback" not in bench.log
    assert bench.n_epochs == 2 * N_EPOCHS  # of the trial and of its refit, not one of them twice
    curve = _curve(bench.rows("epochs"))
    assert len(curve) == N_EPOCHS
    monkeypatch.setenv("FAULT_FOLDER", str(tmp_path))
    unbroken = automl.search(bench.spec(**ONE_TRIAL), store=tmp_path / "unbroken", executor=LocalExecutor())
    assert _curve(pl.read_delta(str(tmp_path / "unbroken" / "tables" / "epochs"))) == curve
    assert unbroken.state == "complete"


@pytest.mark.slow
def test_search_whose_every_process_is_terminated_is_paused(bench: Bench) -> None:
    """As a service manager or a job queue does; the study may be gone before the driver has asked it."""
    driver = bench.search(families=ONE_TRIAL["families"])
    bench.wait_for("trials/*/*.json", 2, driver)
    signal_all(driver, signal.SIGTERM)
    assert bench.ends(driver) == 130, bench.log
    before = bench.records()
    assert "Traceback" not in bench.log
    assert bench.ends(bench.resume()) == 0, bench.log
    assert bench.harm(before) == (0, 0, 0)


def _curve(rows: pl.DataFrame) -> list[float]:
    return rows.filter(metric="rmse").sort("epoch")["value"].to_list()
