"""Folding: every record becomes rows exactly once, whoever is killed, and however many fold at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_examples import (
    SEARCH,
    fold_here,
    record_here,
    search_row,
    trial_record,
    trial_row,
    write_refit,
)

from automl.errors import StorageError, Superseded
from automl.store import SearchFolder, Store, open_store
from automl.store import fold as folding
from automl.store.fold import Fold
from automl.store.rows import TABLES, schema
from automl.store.tables import compact, scan

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store", create=True)


@pytest.fixture
def folder(store: Store) -> SearchFolder:
    return store.create_search(SEARCH, {})


def counts(store: Store, search_id: str = SEARCH) -> dict[str, int]:
    return {table: scan(store, table).filter(search_id=search_id).collect().height for table in TABLES}


def test_records_become_rows_once(store: Store, folder: SearchFolder) -> None:
    fold = Fold(store, folder, folder.term_begin())
    assert fold.fold() == 0
    for number in range(3):
        folder.write_record(trial_record(number))
    write_refit(folder, 0, 0, [1.0, -1.0, 0.0, 2.0])
    assert [fold.fold(), fold.fold()] == [4, 0]
    expected = {"searches": 0, "trials": 3, "epochs": 9, "scores": 2, "predictions": 2}
    assert counts(store) == expected
    Fold(store, folder, 1).fold()  # a driver that begins anew knows nothing
    assert counts(store) == expected
    assert scan(store, "trials").sort("trial").collect().row(2, named=True) == vars(trial_row(2))
    curves = scan(store, "epochs").filter(trial=1).sort("metric", "epoch").select("metric", "epoch", "value")
    assert curves.collect().rows() == [("rmse", 1, 3.0), ("train_loss", 1, 2.0), ("train_loss", 2, 1.0)]


def test_an_empty_store_reads_as_tables_without_rows(store: Store) -> None:
    for table, row_type in TABLES.items():
        assert scan(store, table).collect().schema == schema(row_type)


def test_an_earlier_term_does_not_fold(store: Store, folder: SearchFolder) -> None:
    fold = Fold(store, folder, folder.term_begin())
    folder.term_begin()
    with pytest.raises(Superseded):
        fold.fold()


@pytest.mark.parametrize("crash_before", ["predictions", "scores", "epochs", "trials"])
def test_a_crash_between_two_tables_is_repaired(
    store: Store, folder: SearchFolder, monkeypatch: pytest.MonkeyPatch, crash_before: str
) -> None:
    folder.write_record(trial_record(0))
    write_refit(folder, 0, 0, [1.0, 2.0])
    real = folding._rows

    def crash(table: str, *rest: object) -> pl.DataFrame:
        if table == crash_before:
            raise KeyboardInterrupt
        return real(table, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(folding, "_rows", crash)
    with pytest.raises(KeyboardInterrupt):
        Fold(store, folder, 1).fold()
    assert counts(store)["trials"] == 0
    monkeypatch.undo()
    Fold(store, folder, 1).fold()
    assert counts(store) == {"searches": 0, "trials": 1, "epochs": 3, "scores": 2, "predictions": 2}


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), max_size=8))
@settings(max_examples=8)
def test_any_order_of_records_folds_and_restarts_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool, bool]]
) -> None:
    store = open_store(tmp_path_factory.mktemp("s"))
    folder = store.create_search(SEARCH, {})
    folds, written = [Fold(store, folder, 1), Fold(store, folder, 1)], set()
    for number, other, restart in steps:
        if number not in written:
            folder.write_record(trial_record(number))
            written.add(number)
        if restart:
            folds[other] = Fold(store, folder, 1)
        folds[other].fold()
    found = scan(store, "trials").collect()["trial"].to_list()
    assert sorted(found) == sorted(written)
    assert scan(store, "epochs").collect().height == 3 * len(written)


def test_several_processes_folding_one_search_add_nothing_twice(store: Store, folder: SearchFolder) -> None:
    processes = [
        SPAWN.Process(target=record_here, args=(str(store.place.path), SEARCH, 40 * i, 40 * i + 40))
        for i in range(2)
    ] + [SPAWN.Process(target=fold_here, args=(str(store.place.path), SEARCH, 6)) for _ in range(3)]
    _run(processes)
    Fold(store, folder, 1).fold()
    assert scan(store, "trials").collect()["trial"].sort().to_list() == list(range(80))
    assert scan(store, "epochs").collect().height == 240
    assert counts(store)["searches"] == 1


def test_searches_fold_at_once_while_the_tables_are_compacted(store: Store) -> None:
    ids = [f"s-{i}" for i in range(3)]
    for search_id in ids:
        store.create_search(search_id, {})
        record_here(str(store.place.path), search_id, 0, 30)
    processes = [SPAWN.Process(target=fold_here, args=(str(store.place.path), one, 3)) for one in ids]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        compact(store)
        time.sleep(0.05)
    _run(processes, started=True)
    for search_id in ids:
        found = counts(store, search_id)
        assert (found["searches"], found["trials"], found["epochs"]) == (1, 30, 90)


KILLED = """
import sys
sys.path[:0] = sys.argv[3:]
from store_examples import fold_here
print("ready", flush=True)
fold_here(sys.argv[1], sys.argv[2])
print("done", flush=True)
"""


def test_a_fold_killed_at_any_moment_is_ended_by_the_next(store: Store, folder: SearchFolder) -> None:
    here = Path(__file__).parent
    for round_, delay in enumerate((0.0, 0.01, 0.02, 0.04, 0.08, 0.16)):
        record_here(str(store.place.path), SEARCH, 20 * round_, 20 * round_ + 20)
        write_refit(folder, round_, 0, [1.0, 2.0])
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(store.place.path), SEARCH, str(here), str(here.parent)],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        if round_ % 2:
            Fold(store, folder, 1).fold()
    Fold(store, folder, 1).fold()
    assert scan(store, "trials").collect()["trial"].sort().to_list() == list(range(120))
    found = counts(store)
    assert (found["epochs"], found["scores"], found["predictions"]) == (360, 12, 12)


def test_a_second_commit_under_one_transaction_is_refused_and_begun_anew(
    store: Store, folder: SearchFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_record(trial_record(0))
    real, begun = folding.append, []

    def overtaken(*arguments: object) -> None:
        if not begun:  # another process folds the same record between our reading and our commit
            begun.append(True)
            Fold(store, folder, 1).fold()
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(folding, "append", overtaken)
    Fold(store, folder, 1).fold()
    assert counts(store) == {"searches": 0, "trials": 1, "epochs": 3, "scores": 0, "predictions": 0}


def test_the_search_has_one_row_that_is_replaced(store: Store, folder: SearchFolder) -> None:
    fold = Fold(store, folder, 1)
    fold.update_search(search_row(state="running"))
    fold.update_search(search_row("other-00000000"))
    fold.update_search(search_row(state="complete", best_score=0.5, reason=None))
    found = scan(store, "searches").sort("search_id").select("search_id", "state", "best_score").collect()
    assert found.rows() == [(SEARCH, "complete", 0.5), ("other-00000000", "running", None)]


def test_damaged_predictions_keep_the_scores(store: Store, folder: SearchFolder) -> None:
    write_refit(folder, 0, 0, [1.0, 2.0])
    next(folder.place.path.rglob("predictions.parquet")).write_bytes(b"flipped")
    Fold(store, folder, 1).fold()
    assert (counts(store)["scores"], counts(store)["predictions"]) == (2, 0)


def test_a_damaged_record_does_not_keep_the_others_out(store: Store, folder: SearchFolder) -> None:
    folder.write_record(trial_record(0))
    folder.write_record(trial_record(1))
    (folder.place.path / "trials" / "0" / "1.json").write_text("{")
    assert Fold(store, folder, 1).fold() == 1


def test_tables_that_cannot_be_written_are_said_so(store: Store, folder: SearchFolder) -> None:
    folder.write_record(trial_record(0))
    (store.place.path / "tables").write_text("in the way")
    with pytest.raises(StorageError, match=r"^The tables could not be read or written"):
        Fold(store, folder, 1).fold()


def _run(processes: list[multiprocessing.context.SpawnProcess], started: bool = False) -> None:
    for process in processes:
        if not started:
            process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
