"""Interrupted in this process: curves go on as if unbroken, and the books catch up."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from toys import toy_spec, write_table

import automl
from automl.api import SearchResult
from automl.errors import StorageError
from automl.execution import attempt, books, local
from automl.execution.clock import spent_seconds, write_spent_seconds
from automl.execution.local import LocalExecutor
from automl.store import open_store
from automl.store.fold import Fold
from automl.store.tables import scan


class Stop(Exception):
    pass


def run(spec: dict[str, Any], store: Path, **options: Any) -> SearchResult:
    return automl.search(spec, store=store, executor=LocalExecutor(), **options)


def test_resumed_mlp_ends_with_the_curve_of_an_unbroken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = {
        "name": "curves",
        "data": {"path": str(write_table(tmp_path / "toy.csv")), "target": "price"},
        "families": ["mlp"],
        "budget": {"trials": 2, "epochs": 16},
        "finalists": {"top": 1, "seeds": 1},
        "search": {"rungs": "none"},
    }
    run(spec, tmp_path / "unbroken")
    monkeypatch.setattr(attempt, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(local, "TICK_SECONDS", 0.0)
    n_ticks = 0

    def watch(_search: Any, _progress: Any) -> None:
        nonlocal n_ticks
        n_ticks += 1
        if n_ticks in (12, 30):
            raise Stop

    for _ in range(2):
        with pytest.raises(Stop):
            run(spec, tmp_path / "broken", watch=watch)
    (search_id,) = open_store(tmp_path / "broken").search_ids()
    n_left = len(list((tmp_path / "broken").glob("searches/*/trials/*/*/checkpoint/*.json")))
    assert n_left > 0
    assert run(spec, tmp_path / "broken", watch=watch).state == "complete"
    curves, broken = (_curves(tmp_path / name) for name in ("unbroken", "broken"))
    assert curves.height > 0
    assert broken.equals(curves)
    lost = scan(open_store(tmp_path / "broken"), "trials").filter(state="failed").collect()
    assert set(lost["reason"]) == {"preempted"}
    assert not list((tmp_path / "broken" / "searches" / search_id).glob("trials/*/*/checkpoint"))


def _curves(store: Path) -> pl.DataFrame:
    columns = ["trial", "metric", "epoch", "value"]
    rows = scan(open_store(store), "epochs").select(columns).collect()
    return rows.sort(columns)


def test_fold_that_fails_for_a_while_does_not_stop_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "FOLD_SECONDS", 0.05)
    fold, n_failed = Fold.fold, 0

    def fails_at_first(self: Fold) -> int:
        nonlocal n_failed
        if n_failed < 3:
            n_failed += 1
            raise StorageError("others were always first")
        return fold(self)

    monkeypatch.setattr(Fold, "fold", fails_at_first)
    result = run(toy_spec(tmp_path, space={"pause": 0.05}), tmp_path / "store")
    assert n_failed == 3
    assert result.state == "complete"
    assert result.trials().height == 6


def test_tables_that_cannot_be_written_at_the_end_are_said_and_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_self: Fold) -> int:
        raise StorageError("others were always first")

    with monkeypatch.context() as patch:
        patch.setattr(Fold, "fold", fails)
        with pytest.raises(StorageError, match="others were always first"):
            run(toy_spec(tmp_path), tmp_path / "store")
    result = run(toy_spec(tmp_path), tmp_path / "store")
    assert result.state == "complete"
    assert result.trials().height == 6


def test_bundles_that_are_not_kept_go_while_the_search_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "FOLD_SECONDS", 0.05)
    monkeypatch.setattr(books, "PRUNE_SECONDS", 0.1)
    seen = []

    def watch(_search: Any, progress: Any) -> None:
        seen.append((progress.phase, len(list(tmp_path.glob("store/searches/*/trials/*/*/bundle")))))

    monkeypatch.setattr(local, "TICK_SECONDS", 0.1)
    run(
        toy_spec(
            tmp_path,
            space={"pause": 0.02},
            budget={"trials": 40, "epochs": 4},
            search={"rungs": "none", "sampler": "random"},
        ),
        tmp_path / "store",
        watch=watch,
    )
    counts = [n for phase, n in seen if phase == "search"]
    assert any(later < earlier for earlier, later in pairwise(counts))


@pytest.mark.parametrize("content", ["", "{", "{}", '{"seconds": "x"}'])
def test_clock_that_is_damaged_begins_anew(tmp_path: Path, content: str) -> None:
    store = open_store(tmp_path / "store", create=True)
    folder = store.create_search("toy-00000000", {})
    assert spent_seconds(folder) == 0.0
    write_spent_seconds(folder, 3.5)
    assert spent_seconds(folder) == 3.5
    (folder.place.path / "clock.json").write_text(content)
    assert spent_seconds(folder) == 0.0
    assert json.loads((folder.place.path / "search.json").read_text()) == {}


def test_trials_that_are_too_large_are_stopped_and_not_failed(tmp_path: Path) -> None:
    spec = toy_spec(tmp_path, constraints={"n_parameters": "<= 1"}, budget={"trials": 14, "epochs": 3})
    result = run(spec, tmp_path / "store")
    assert result.state == "failed"
    assert result.message is not None
    assert result.message.endswith("No trial met the constraints, so there is nothing to train again.")
    rows = result.trials()
    assert rows.select("state", "reason", "feasible").unique().rows() == [("stopped", None, False)]
    (row,) = scan(open_store(tmp_path / "store"), "searches").collect().iter_rows(named=True)
    assert (row["n_stopped"], row["n_failed"]) == (14, 0)
