"""Epochs that take long: they are no hang, and do not keep a search from pausing or from ending in time."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toys import toy_spec

import automl
from automl import catalog
from automl.errors import TrialFailure
from automl.execution import attempt, local
from automl.execution.local import LocalExecutor
from automl.store import open_store

BATCHES = "for _ in range(run.configuration['batches']): time.sleep(0.02); run.pulse()"


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "PULSE_SECONDS", 0.05)
    monkeypatch.setattr(attempt, "GRACE_SECONDS", 0.2)


def spec(folder: Path, n_batches: int, **changes: Any) -> dict[str, Any]:
    """A search whose epochs have so many batches of a fiftieth of a second."""
    made = toy_spec(folder, **changes)
    file = folder / "toy_family.py"
    text = file.read_text().replace("time.sleep(run.configuration['pause'])", BATCHES)
    text = text.replace('time.sleep(run.configuration["pause"])', BATCHES)
    assert BATCHES in text
    file.write_text(text.replace('"pause": 0.0', f'"batches": {n_batches}'))
    return made


def test_trials_stop_within_an_epoch_once_the_time_is_over(tmp_path: Path) -> None:
    result = automl.search(
        spec(tmp_path, 100, budget={"trials": 50, "epochs": 3, "time": 5}, finalists={"top": 1, "seeds": 1}),
        store=tmp_path / "store",
        executor=LocalExecutor(),
    )
    first, *held = result.trials().sort("trial").iter_rows(named=True)
    assert (first["state"], first["n_epochs"] in (1, 2)) == ("stopped", True)
    assert first["train_seconds"] < 5 + 0.5  # the epoch takes 2 seconds, and was not waited for
    assert {row["reason"] for row in held} <= {"preempted"}  # what the worker held, and had not begun
    (search_id,) = open_store(tmp_path / "store").search_ids()
    row = automl.api.searches(search_id, store=tmp_path / "store").row(0, named=True)
    assert (row["n_stopped"], row["n_failed"]) == (1, 0)


def test_trial_without_an_epoch_when_the_time_is_over_has_failed(tmp_path: Path) -> None:
    result = automl.search(
        spec(tmp_path, 5000, budget={"trials": 50, "epochs": 2, "time": 5}),
        store=tmp_path / "store",
        executor=LocalExecutor(),
    )
    assert result.state == "failed"
    row = result.trials().sort("trial").row(0, named=True)
    assert (row["state"], row["reason"]) == ("failed", "timeout")
    assert row["message"] == "the time of the search was over before the first epoch ended."


def test_trial_time_counts_within_an_epoch(tmp_path: Path) -> None:
    result = automl.search(
        spec(tmp_path, 5000, budget={"trials": 1, "epochs": 2}, resources={"workers": 1, "trial_time": 1}),
        store=tmp_path / "store",
        executor=LocalExecutor(),
    )
    (row,) = result.trials().iter_rows(named=True)
    assert (row["state"], row["reason"]) == ("failed", "timeout")
    assert row["train_seconds"] < 3


def test_pausing_does_not_wait_for_a_long_epoch(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def watch(_search: Any, progress: Any) -> None:
        if progress.n_running:
            raise Stop

    began = time.monotonic()
    with pytest.raises(Stop):
        automl.search(
            spec(tmp_path, 5000, budget={"trials": 1, "epochs": 1}),
            store=tmp_path / "store",
            executor=LocalExecutor(),
            watch=watch,
        )
    assert time.monotonic() - began < 10  # its only epoch takes 100 seconds
    store = open_store(tmp_path / "store")
    (search_id,) = store.search_ids()
    assert [r.kind for r in store.search(search_id).records()].count("trial") == 0  # it goes on with a resume


def test_baseline_that_takes_long_is_said_to_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    alive = local._Ticking.alive

    def hear(self: Any, worker: str, work: Any) -> Any:
        heard.append(work.name)
        return alive(self, worker, work)

    mean = catalog.baseline("mean")

    def slowly(*given: Any) -> Any:
        time.sleep(0.5)
        return mean.fit(*given)

    monkeypatch.setattr(local._Ticking, "alive", hear)
    monkeypatch.setattr(catalog, "baseline", lambda _name: replace(mean, fit=slowly))
    resources = {"workers": 1, "hung_after": 0.05}  # and it may take six times as long
    result = automl.search(
        toy_spec(tmp_path, budget={"trials": 1, "epochs": 1}, resources=resources),
        store=tmp_path / "store",
        executor=LocalExecutor(),
    )
    assert result.state == "complete"
    for name in ("mean", "linear", "gradient_boosting"):
        assert 1 <= heard.count(name) <= 6


def test_too_long_is_a_timeout() -> None:
    failure = attempt._too_long(3.0)
    assert isinstance(failure, TrialFailure)
    assert (failure.reason, str(failure)) == (
        "timeout",
        "the trial took longer than resources.trial_time (3 s).",
    )
