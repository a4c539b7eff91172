"""The life of a search, in this process: from a spec to a pulled model, interrupted and resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from toys import toy_spec, write_table

import automl
from automl.api import SearchResult, spec_of
from automl.errors import NotFoundError, RequestError
from automl.execution.local import LocalExecutor
from automl.run import plan_search
from automl.store import open_store
from automl.store.tables import scan


def run(spec: dict[str, Any], store: Path, **options: Any) -> SearchResult:
    return automl.search(spec, store=store, executor=LocalExecutor(), **options)


def test_search_ends_with_tables_leaderboard_and_bundles(tmp_path: Path) -> None:
    result = run(toy_spec(tmp_path), tmp_path / "store")
    assert result.state == "complete"
    trials = result.trials()
    assert sorted(trials["trial"]) == list(range(6))
    assert set(trials["state"]) <= {"complete", "stopped"}
    board = result.leaderboard()
    assert set(board["kind"]) == {"refit", "baseline"}
    assert set(board.filter(kind="baseline")["entry"]) == {"mean", "linear", "gradient_boosting"}
    assert (board["low"] <= board["score"]).all()
    assert (board["score"] <= board["high"]).all()
    assert board.filter(kind="refit")["n_seeds"].to_list() == [2, 2]
    epochs = scan(open_store(tmp_path / "store"), "epochs").filter(metric="rmse", trial=0).collect()
    assert epochs.sort("epoch")["epoch"].to_list() == [1, 2, 3, 4]


def test_search_of_a_table_finds_a_model_that_predicts_in_raw_columns(tmp_path: Path) -> None:
    table = write_table(tmp_path / "houses.csv", n_rows=300)
    result = automl.search(
        table,
        "price",
        store=tmp_path / "store",
        executor=LocalExecutor(),
        families=["mlp"],
        budget={"trials": 2, "epochs": 30},
        finalists={"top": 1, "seeds": 1},
    )
    model = automl.load(result.pull(tmp_path / "model"))
    frame = pl.read_csv(table)
    predicted = model.predict(frame.drop("price").select("colour", "b", "a"))
    error = float(np.sqrt(np.mean((predicted - frame["price"].to_numpy()) ** 2)))
    assert error < 0.6 * frame["price"].std()  # type: ignore[operator]
    assert model.evaluate(table)["rmse"] == pytest.approx(error, rel=1e-6)


def test_same_search_again_runs_nothing_again(tmp_path: Path) -> None:
    first = run(toy_spec(tmp_path), tmp_path / "store")
    before = {p: p.read_bytes() for p in (tmp_path / "store").glob("searches/*/*/*/*.json")}
    second = run(toy_spec(tmp_path), tmp_path / "store")
    after = {p: p.read_bytes() for p in (tmp_path / "store").glob("searches/*/*/*/*.json")}
    assert second.search_id == first.search_id
    assert after == before
    assert second.trials().equals(first.trials())


def test_extended_search_goes_on_and_chooses_finalists_anew(tmp_path: Path) -> None:
    first = run(toy_spec(tmp_path), tmp_path / "store")
    more = automl.resume(first.search_id, store=tmp_path / "store", executor=LocalExecutor(), trials=12)
    assert more.state == "complete"
    assert more.trials().height == 12
    rows = scan(open_store(tmp_path / "store"), "trials").collect()
    assert rows.select("trial", "attempt").n_unique() == rows.height == 12


def test_interrupted_search_goes_on_where_it_was(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    seen = []

    def watch(_search: Any, progress: Any) -> None:
        seen.append(progress)
        if progress.n_complete + progress.n_stopped >= 2:
            raise Stop

    spec = toy_spec(tmp_path, space={"pause": 0.2})
    with pytest.raises(Stop):
        run(spec, tmp_path / "store", watch=watch)
    store = open_store(tmp_path / "store")
    (search_id,) = store.search_ids()
    finished = {r.key: r.to_json() for r in store.search(search_id).records() if r.state != "failed"}
    assert finished
    result = automl.resume(search_id, store=tmp_path / "store", executor=LocalExecutor())
    assert result.state == "complete"
    after = {r.key: r.to_json() for r in store.search(search_id).records()}
    assert all(after[key] == content for key, content in finished.items())
    ended = [r.name for r in store.search(search_id).records() if r.kind == "trial" and r.state != "failed"]
    assert sorted(ended, key=int) == [str(n) for n in range(6)]


def test_trials_that_raise_or_diverge_are_failed_trials_with_a_reason(tmp_path: Path) -> None:
    spec = toy_spec(
        tmp_path, space={"how": {"choice": ["well", "nan", "raise"]}}, budget={"trials": 12, "epochs": 3}
    )
    spec["families"][0]["space"] = {}
    (tmp_path / "toy_family.py").write_text(
        (tmp_path / "toy_family.py")
        .read_text()
        .replace('"how": "well"', '"how": Choice(("well", "nan", "raise"))')
    )
    result = run(spec, tmp_path / "store")
    assert result.state == "complete"
    failed = result.trials().filter(state="failed")
    assert set(failed["reason"]) <= {"diverged", "error"}
    assert failed.height > 0
    messages = failed.filter(reason="error")["message"].to_list()
    assert all(message == "RuntimeError: a mistake in my own loop" for message in messages)
    assert result.trials().height == 12


def test_search_in_which_everything_fails_gives_up_and_says_why(tmp_path: Path) -> None:
    spec = toy_spec(tmp_path, space={"how": "raise"}, budget={"trials": 100, "epochs": 3})
    result = run(spec, tmp_path / "store")
    assert result.state == "failed"
    assert result.trials().height < 20
    assert result.message is not None
    assert "error" in result.message


def test_spec_that_is_written_is_the_same_search(tmp_path: Path) -> None:
    table = write_table(tmp_path / "houses.csv")
    written = {}

    def announce(search: Any, _notes: list[str], file: Path) -> None:
        written[search.search_id] = file
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        automl.search(table, "price", store=tmp_path / "store", announce=announce, executor=LocalExecutor())
    ((search_id, file),) = written.items()
    again, _ = plan_search(spec_of(file))
    assert again.search_id == search_id
    assert yaml.safe_load(Path(file).read_text())["data"]["target"] == "price"


def test_budget_resources_and_priority_do_not_change_the_id(tmp_path: Path) -> None:
    plain, _ = plan_search(spec_of(toy_spec(tmp_path)))
    changed = toy_spec(
        tmp_path, budget={"trials": 99, "epochs": 4, "time": "1h"}, resources={"workers": 1}, priority=3
    )
    assert plan_search(spec_of(changed))[0].search_id == plain.search_id
    for change in ({"seed": 1}, {"budget": {"trials": 6, "epochs": 5}}, {"split": {"test": 0.3}}):
        assert plan_search(spec_of(toy_spec(tmp_path, **change)))[0].search_id != plain.search_id


def test_pull_of_what_is_not_kept_or_not_there(tmp_path: Path) -> None:
    result = run(toy_spec(tmp_path), tmp_path / "store")
    with pytest.raises(NotFoundError, match="has no finished trial 77"):
        automl.pull(f"{result.search_id}/77", tmp_path / "model", store=tmp_path / "store")
    with pytest.raises(NotFoundError, match="There is no search 'nothing-00000000'"):
        automl.pull("nothing-00000000", tmp_path / "model", store=tmp_path / "store")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(RequestError, match="exists and is not empty"):
        result.pull(tmp_path / "full")


def test_store_that_vanishes_stops_the_search_without_losing_a_record(tmp_path: Path) -> None:
    from automl.errors import AutoMLError

    store = tmp_path / "store"
    spec = toy_spec(tmp_path, space={"pause": 0.1}, budget={"trials": 30, "epochs": 4})
    moved = tmp_path / "moved"

    def watch(_search: Any, progress: Any) -> None:
        if progress.n_complete + progress.n_stopped >= 2 and store.exists():
            store.rename(moved)
            store.touch()  # a file in its place, so that nothing can be written

    with pytest.raises(AutoMLError):
        run(spec, store, watch=watch)
    records = list(moved.glob("searches/*/trials/*/*.json"))
    assert len(records) >= 2
    assert all(json.loads(file.read_text())["kind"] == "trial" for file in records)
    store.unlink()
    moved.rename(store)
    (search_id,) = open_store(store).search_ids()
    result = automl.resume(search_id, store=store, executor=LocalExecutor(), trials=6)
    assert result.state == "complete"
    assert all(file.exists() for file in store.glob("searches/*/trials/*/*.json"))
