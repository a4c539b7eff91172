"""Checkpoints, bundles and starting weights that are not what was written: noticed, and never used."""

from __future__ import annotations

import logging
import os
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from safetensors.torch import save_file
from toys import write_table

import automl
from automl.errors import BundleError
from automl.execution import attempt, local, worker
from automl.execution.local import LocalExecutor
from automl.store import open_store
from automl.store.pulling import bundle_of
from automl.store.tables import scan
from benchmarks.faults.catalogue.bad_checkpoint import WAYS, damage

N_EPOCHS = 16


class Stop(Exception):
    pass


def spec(folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "name": "damaged",
        "data": {"path": str(write_table(folder / "toy.csv")), "target": "price"},
        "families": ["mlp"],
        "budget": {"trials": 2, "epochs": N_EPOCHS},
        "finalists": {"top": 1, "seeds": 1},
        "search": {"rungs": "none", "sampler": "random"},
    } | changes


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose store holds the search as it is where nothing goes wrong."""
    folder = tmp_path_factory.mktemp("unbroken")
    automl.search(spec(folder), store=folder / "store", executor=LocalExecutor())
    return folder


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The search, stopped in the middle of its second trial, which has left a checkpoint, and one of the first."""
    monkeypatch.setattr(attempt, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(attempt, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(local, "TICK_SECONDS", 0.0)
    monkeypatch.setattr(worker, "MOST_AT_ONCE", 1)  # else the first trial is told of with the second
    n_epochs = 0

    def watch(_search: Any, progress: Any) -> None:
        nonlocal n_epochs
        n_epochs += progress.n_complete == 1
        if n_epochs == 10:
            raise Stop

    with pytest.raises(Stop):
        automl.search(spec(tmp_path), store=tmp_path / "store", executor=LocalExecutor(), watch=watch)
    monkeypatch.undo()
    return tmp_path


def checkpoint(folder: Path, trial: int) -> Path:
    (found,) = folder.glob(f"store/searches/*/trials/{trial}/*/checkpoint")
    return found


def curves(folder: Path) -> pl.DataFrame:
    columns = ["trial", "metric", "epoch", "value"]
    return scan(open_store(folder / "store"), "epochs").select(columns).collect().sort(columns)


@pytest.mark.parametrize("way", [*WAYS, "not at all"])
def test_damaged_checkpoint_is_not_used(
    stopped: Path, unbroken: Path, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    if way != "not at all":
        damage(way, checkpoint(stopped, 1), checkpoint(stopped, 0), random.Random(0))
    with caplog.at_level(logging.WARNING):
        result = automl.search(spec(stopped), store=stopped / "store", executor=LocalExecutor())
    assert result.state == "complete"
    assert ("bad_checkpoint" in caplog.text) == (way != "not at all")
    assert curves(stopped).equals(curves(unbroken))
    failed = scan(open_store(stopped / "store"), "trials").filter(state="failed").collect()
    assert set(failed["reason"]) == {"preempted"}


def test_bundle_of_another_model_is_not_pulled(unbroken: Path, tmp_path: Path) -> None:
    store = open_store(unbroken / "store")
    (search_id,) = store.search_ids()
    place = Path(str(bundle_of(store, search_id)))
    other = next(unbroken.glob("store/searches/*/trials/*/*/bundle"))
    damage("swapped", place, other, random.Random(0))
    try:
        with pytest.raises(BundleError, match=r"is that of damaged-\w+/\d: somebody has put it in"):
            automl.pull(search_id, tmp_path / "pulled", store=unbroken / "store")
        assert not (tmp_path / "pulled").exists()
    finally:
        damage("swapped", place, other, random.Random(0))
    automl.pull(search_id, tmp_path / "pulled", store=unbroken / "store")


def test_starting_weights_that_changed_are_not_used(tmp_path: Path) -> None:
    weights = tmp_path / "weights.safetensors"
    save_file({"no_such_layer": torch.zeros(1)}, weights)

    def change(_search: Any, _spec: Any, _file: Any) -> None:
        save_file({"no_such_layer": torch.ones(1)}, weights)

    result = automl.search(
        spec(tmp_path, families=[{"name": "mlp", "weights": str(weights)}]),
        store=tmp_path / "store",
        executor=LocalExecutor(),
        announce=change,
    )
    assert result.state == "failed"
    rows = result.trials()
    assert set(rows["reason"]) == {"bad_checkpoint"}
    assert rows["message"][0] == f"The starting weights {weights} are not those that the search began with."


def test_checkpoint_that_cannot_be_read_names_itself_once(stopped: Path) -> None:
    from automl.checkpoint import whole_checkpoints

    folder = checkpoint(stopped, 1)
    newest, before = sorted((int(file.stem) for file in folder.glob("*.json")), reverse=True)
    os.truncate(folder / f"{newest}.safetensors", 10)
    assert [values["loop"]["epoch"] for _, values in whole_checkpoints(folder)] == [before + 1]
