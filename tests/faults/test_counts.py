"""The counts of `benchmarks.faults` see what they are there to see."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import write_deltalake
from toys import toy_spec

import automl
from automl.execution.local import LocalExecutor
from automl.run import load_search
from automl.store import open_store
from benchmarks.faults.bench import Bench, records
from benchmarks.faults.replays import follow, implied
from benchmarks.faults.soak import check_bundles, differences


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("searched")
    automl.search(toy_spec(folder), store=folder / "store", executor=LocalExecutor())
    return folder


@pytest.fixture
def work(searched: Path, tmp_path: Path) -> Path:
    """A folder with a search that has ended, to be harmed."""
    return shutil.copytree(searched, tmp_path / "work")


def before(work: Path) -> dict[str, str]:
    return records(open_store(work / "store"))


def counted(work: Path, before: dict[str, str]) -> tuple[int, int, int]:
    return Bench(work, n_trials=6).harm(before)


def trial(work: Path, name: str) -> Path:
    (file,) = work.glob(f"store/searches/*/trials/{name}/1.json")
    return file


def test_whole_search_counts_nothing(work: Path) -> None:
    assert counted(work, before(work)) == (0, 0, 0)


def test_record_that_is_gone_or_changed_is_lost(work: Path) -> None:
    known = before(work)
    trial(work, "2").unlink()
    assert counted(work, known) == (2, 0, 0)  # the record, and the end of its trial
    file = trial(work, "3")
    file.write_bytes(file.read_bytes() + b" ")
    assert counted(work, known) == (3, 0, 0)


def test_record_without_a_row_is_lost(work: Path) -> None:
    known = before(work)
    rows = pl.read_delta(str(work / "store/tables/trials"))
    write_deltalake(work / "store/tables/trials", rows.filter(pl.col("trial") != 4), mode="overwrite")
    assert counted(work, known) == (1, 0, 0)
    store = open_store(work / "store")
    (search_id,) = store.search_ids()
    found = list(differences(store, search_id))
    assert found[0].startswith("trial 4, attempt 1: None")
    assert len(found) == 2  # and the numbers of rows


def test_row_that_stands_twice_is_doubled(work: Path) -> None:
    known = before(work)
    rows = pl.read_delta(str(work / "store/tables/trials"))
    write_deltalake(work / "store/tables/trials", rows.filter(pl.col("trial") == 4), mode="append")
    assert counted(work, known) == (0, 1, 0)


def test_trial_that_ends_a_second_time_is_doubled_and_run_again(work: Path) -> None:
    known = before(work)
    plain = json.loads(trial(work, "2").read_text())
    plain["attempt"] = plain["trial"]["attempt"] = 2
    trial(work, "2").with_name("2.json").write_text(json.dumps(plain))
    lost, doubled, again = counted(work, known)
    assert (doubled, again) == (1, 1)
    assert lost == 1  # its row, which nothing folded


def test_other_suggestion_than_the_journal_implies_is_seen(work: Path) -> None:
    store = open_store(work / "store")
    (search_id,) = store.search_ids()
    assert implied(store, search_id, 0, 5) == (5, 0)
    journal = sorted(work.glob("store/searches/*/journal/1-*.json"), key=lambda file: int(file.stem[2:]))
    file = next(file for file in journal if '"suggest"' in file.read_text())
    entries = json.loads(file.read_text())
    for entry in entries:
        if entry["event"] == "suggest":
            entry["values"]["x"] = 0.123
    file.write_text(json.dumps(entries))
    assert implied(store, search_id, 0, 5)[1] >= 1


def entries_of(work: Path) -> tuple[Any, list[dict[str, Any]]]:
    store = open_store(work / "store")
    (search_id,) = store.search_ids()
    search, folder = load_search(store, search_id)
    return search.plan(), folder.read_journal()


def test_journal_is_followed_from_every_cut(work: Path) -> None:
    plan, entries = entries_of(work)
    for cut in range(len(entries)):
        compared = follow(plan, entries, cut)
        assert compared.differs is None
        assert compared.decisions.total() or cut > len(entries) - 9  # then refits alone are left


def test_other_decision_than_the_journal_has_is_seen(work: Path) -> None:
    plan, entries = entries_of(work)
    place = next(i for i, entry in enumerate(entries) if entry["event"] == "suggest")
    changed = entries[place] | {"seed": 1}
    assert follow(plan, [*entries[:place], changed, *entries[place + 1 :]], 0).differs == (
        entries[place],
        changed,
    )


def test_bundle_that_scores_otherwise_is_seen(tmp_path: Path) -> None:
    spec = toy_spec(tmp_path) | {"families": ["mlp"], "budget": {"trials": 3, "epochs": 2}}
    automl.search(spec, store=tmp_path / "store", executor=LocalExecutor())
    store = open_store(tmp_path / "store")
    (search_id,) = store.search_ids()
    n_bundles, wrong = check_bundles(store, search_id)
    assert n_bundles > 1
    assert wrong == []
    rows = pl.read_delta(str(tmp_path / "store/tables/scores"))
    write_deltalake(
        tmp_path / "store/tables/scores", rows.with_columns(pl.col("score") * 1.01), mode="overwrite"
    )
    refits = rows.filter(kind="refit").select("split", "metric")
    assert len(check_bundles(store, search_id)[1]) == refits.height
    next(tmp_path.glob("store/searches/*/refits/*/*/bundle/model.json")).write_text("{}")
    assert any("model.json" in one for one in check_bundles(store, search_id)[1])
