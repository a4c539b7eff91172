"""What is kept and what goes; compaction, the lease, and reading."""

from __future__ import annotations

import os
import time
from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake
from store_examples import SEARCH, search_row, trial_record, write_refit

from automl.errors import NotFoundError, RequestError
from automl.store import SearchFolder, Store, open_store
from automl.store.delta import open_table
from automl.store.fold import Fold
from automl.store.lease import lease
from automl.store.places.disk import DiskPlace
from automl.store.reading import best, curves, failures, trials
from automl.store.reading import search_row as read_search
from automl.store.retention import delete, gc, prune
from automl.store.tables import compact, maybe_compact, scan, table_schema, version


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", create=True)


@pytest.fixture
def folder(store: Store) -> SearchFolder:
    return store.create_search(SEARCH, {"objectives": [{"name": "rmse", "goal": "min"}]})


def finish(folder: SearchFolder, number: int, **changes: object) -> Path:
    made = folder.work_folder("trial", str(number), 1)
    work = made.local
    for part in ("bundle", "checkpoint"):
        (work / part).mkdir()
        (work / part / "model.safetensors").write_bytes(b"x" * 100)
    record = trial_record(number, **changes)
    folder.write_record(type(record)(**(vars(record) | {"folder": folder.relative(made.place)})))
    return work


def old(path: Path) -> None:
    for inside in (path, *path.rglob("*")):
        os.utime(inside, (time.time() - 7200, time.time() - 7200))


def test_the_ten_best_are_kept_and_only_what_is_folded_goes(store: Store, folder: SearchFolder) -> None:
    works = [finish(folder, number) for number in range(13)]
    failed = finish(folder, 13, state="failed", score=None)
    fold = Fold(store, folder, 1)
    fold.fold()
    late = finish(folder, 14)
    assert prune(folder, fold) == 3 * 200 + 10 * 100
    assert [work.exists() for work in works] == [True] * 10 + [False] * 3
    assert not any((work / "checkpoint").exists() for work in works)
    assert (failed / "checkpoint").exists()  # it may be tried again
    assert (late / "checkpoint").exists()  # its record is in no table yet
    removed = scan(store, "trials").filter(pl.col("bundle_removed")).collect()["trial"]
    assert sorted(removed) == [10, 11, 12]
    assert prune(folder, fold) == 0
    assert prune(folder, fold, ended=True) == 200
    assert not failed.exists()


def test_the_pareto_front_is_kept(store: Store, folder: SearchFolder) -> None:
    works = [
        finish(folder, n, scores=f'{{"rmse": {n}, "latency_ms": {1 if n == 12 else 5}}}') for n in range(13)
    ]
    fold = Fold(store, folder, 1)
    fold.fold()
    prune(folder, fold, {"rmse": "min", "latency_ms": "min"})
    assert [n for n, work in enumerate(works) if work.exists()] == [*range(10), 12]


def test_refits_are_kept_without_their_checkpoints(store: Store, folder: SearchFolder) -> None:
    write_refit(folder, 0, 0, [1.0, 2.0])
    (work,) = folder.latest_work_folders("refit", "0-0")
    (work / "checkpoint" / "0.json").write_once(b"{}")
    fold = Fold(store, folder, 1)
    fold.fold()
    prune(folder, fold)
    assert work.names() == ["predictions.parquet"]


def test_a_deleted_search_is_gone_and_the_others_stay(store: Store, folder: SearchFolder) -> None:
    other = store.create_search("other-00000000", {})
    for one in (folder, other):
        one.write_record(trial_record(0, one.search_id))
        fold = Fold(store, one, 1)
        fold.fold()
        fold.update_search(search_row(one.search_id))
    freed = delete(store, SEARCH, dry_run=True)
    assert freed > 0
    assert store.search_ids() == [SEARCH, "other-00000000"]
    assert delete(store, SEARCH) == freed
    assert store.search_ids() == ["other-00000000"]
    for table in ("searches", "trials", "epochs"):
        assert scan(store, table).collect()["search_id"].unique().to_list() == ["other-00000000"]
    with pytest.raises(NotFoundError):
        delete(store, SEARCH)


def test_a_delete_that_crashed_is_ended_by_gc(store: Store, folder: SearchFolder) -> None:
    folder.write_record(trial_record(0))
    Fold(store, folder, 1).fold()
    (store.place / "searches" / f".deleted-{SEARCH}").write_once(b"")
    with pytest.raises(RequestError, match="is being deleted"):
        store.create_search(SEARCH, {})
    (found,) = gc(store)
    assert found[0] == f"searches/{SEARCH}: its deletion"
    assert scan(store, "trials").collect().height == 0
    assert list((store.place.path / "searches").iterdir()) == []


def test_gc_takes_what_is_left_over_and_old(store: Store, folder: SearchFolder) -> None:
    kept = finish(folder, 0)
    orphan, young = folder.work_folder("trial", "1", 1).local, folder.work_folder("trial", "2", 1).local
    (orphan / "half").write_bytes(b"x" * 10)
    temporary = folder.place.path / "trials" / "0" / ".tmp-1.json-ab"
    temporary.write_bytes(b"x" * 5)
    for path in (kept, orphan, temporary):
        old(path)
    place = f"searches/{SEARCH}/trials"
    expected = [(f"{place}/0/.tmp-1.json-ab", 5), (f"{place}/1/{orphan.name}", 10)]
    Fold(store, folder, 1).update_search(search_row(state="running"))
    assert gc(store, dry_run=True) == expected[:1]  # a running search may still record it
    Fold(store, folder, 1).update_search(search_row(state="complete"))
    assert gc(store, dry_run=True) == expected
    assert temporary.exists()
    assert gc(store) == expected
    assert [path.exists() for path in (kept, young, orphan, temporary)] == [True, True, False, False]


def test_compaction_keeps_every_row_and_the_version_that_a_reader_pinned(
    store: Store, folder: SearchFolder
) -> None:
    fold = Fold(store, folder, 1)
    for number in range(6):
        folder.write_record(trial_record(5 - number))
        fold.fold()
    pinned = version(store, "trials")
    before = scan(store, "trials").sort("trial").collect()
    assert maybe_compact(store) == []
    assert compact(store) == ["trials", "epochs"]
    handle = open_table(store, "trials")
    assert handle is not None
    assert len(handle.file_uris()) == 1
    assert scan(store, "trials").collect().equals(before)  # and in order
    assert scan(store, "trials", pinned).sort("trial").collect().equals(before)
    folder.write_record(trial_record(6))
    assert [fold.fold(), Fold(store, folder, 1).fold()] == [1, 0]
    assert scan(store, "trials").collect().height == 7


def test_one_search_reads_only_its_files(store: Store) -> None:
    for i in range(5):
        one = store.create_search(f"s-{i}", {})
        one.write_record(trial_record(0, one.search_id))
        Fold(store, one, 1).fold()
    for path in (store.place.path / "tables" / "trials").glob("*.parquet"):
        (name,) = pl.read_parquet(path)["search_id"].unique() if pl.read_parquet(path).height else ("",)
        if name not in ("s-3", ""):
            path.write_bytes(b"this is read by nobody")
    assert scan(store, "trials").filter(search_id="s-3").collect().height == 1


def test_tables_of_other_versions_are_read(store: Store, folder: SearchFolder) -> None:
    folder.write_record(trial_record(0))
    whole = pl.DataFrame([vars(trial_record(0).trial)], schema=table_schema("trials"))
    earlier = whole.drop("latency_ms", "bundle", "score").with_columns(new=1)
    write_deltalake(str(store.table_place("trials")), earlier)
    found = scan(store, "trials").collect()
    assert found["score"].to_list() == [None]
    assert "new" not in found.columns
    folder.write_record(trial_record(1))
    assert Fold(store, folder, 1).fold() == 1
    assert scan(store, "trials").sort("trial").collect()["score"].to_list() == [None, 1.0]


def test_a_lease_has_one_holder_and_outlives_none(tmp_path: Path) -> None:
    path = tmp_path / "a" / "lease"
    folder = DiskPlace(path.parent)
    with lease(folder, "lease", 60) as one:
        assert one
        with lease(folder, "lease", 60) as other:
            assert not other
        assert path.exists()
    assert not path.exists()
    path.write_text("dead")
    old(path)
    with lease(folder, "lease", 60) as taken, lease(folder, "lease", 60) as other:
        assert (taken, other) == (True, False)
    assert list(path.parent.iterdir()) == []


def test_ready_made_questions(store: Store, folder: SearchFolder) -> None:
    folder.write_record(trial_record(0, state="failed", reason="hung", message="slow", score=None))
    folder.write_record(trial_record(0, attempt=2, score=3.0))
    folder.write_record(trial_record(1, score=2.0))
    folder.write_record(trial_record(2, score=1.0, feasible=False))
    folder.write_record(trial_record(3, state="failed", reason="diverged", message="nan", score=None))
    fold = Fold(store, folder, 1)
    fold.fold()
    fold.update_search(search_row())
    assert trials(store, SEARCH).collect()["attempt"].to_list() == [2, 1, 1, 1]
    assert best(store, SEARCH)["trial"].to_list() == [1, 0]
    assert best(store, metric="rmse", n=1)["score"].to_list() == [2.0]
    assert best(store, metric="mae").height == 0
    assert curves(store, SEARCH, [0]).collect().height == 3
    assert failures(store, SEARCH).collect().rows() == [("diverged", 1, "nan")]
    assert read_search(store, SEARCH)["state"] == "running"
    with pytest.raises(NotFoundError, match=f"did you mean {SEARCH}"):
        read_search(store, "houses-1a2b3c4f")
