"""The counts of `benchmarks.faults.survival` see what they are there to see."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake
from toys import toy_spec

import automl
from automl.execution.local import LocalExecutor
from automl.store import open_store
from benchmarks.faults.survival import Count, check_implied, count_records, records


@pytest.fixture
def work(tmp_path: Path) -> Path:
    automl.search(toy_spec(tmp_path), store=tmp_path / "store", executor=LocalExecutor())
    return tmp_path


def counted(work: Path, before: dict[str, str]) -> tuple[int, int, int]:
    count = Count()
    count_records(work, before, count, n_trials=6)
    return count.lost, count.doubled, count.again


def trial(work: Path, name: str) -> Path:
    (file,) = work.glob(f"store/searches/*/trials/{name}/1.json")
    return file


def test_whole_search_counts_nothing(work: Path) -> None:
    assert counted(work, records(work)) == (0, 0, 0)


def test_record_that_is_gone_or_changed_is_lost(work: Path) -> None:
    before = records(work)
    trial(work, "2").unlink()
    assert counted(work, before) == (2, 0, 0)  # the record, and the end of its trial
    file = trial(work, "3")
    file.write_bytes(file.read_bytes() + b" ")
    assert counted(work, before) == (3, 0, 0)


def test_record_without_a_row_is_lost(work: Path) -> None:
    before = records(work)
    rows = pl.read_delta(str(work / "store/tables/trials"))
    write_deltalake(work / "store/tables/trials", rows.filter(pl.col("trial") != 4), mode="overwrite")
    assert counted(work, before) == (1, 0, 0)


def test_row_that_stands_twice_is_doubled(work: Path) -> None:
    before = records(work)
    rows = pl.read_delta(str(work / "store/tables/trials"))
    write_deltalake(work / "store/tables/trials", rows.filter(pl.col("trial") == 4), mode="append")
    assert counted(work, before) == (0, 1, 0)


def test_trial_that_ends_a_second_time_is_doubled_and_run_again(work: Path) -> None:
    before = records(work)
    plain = json.loads(trial(work, "2").read_text())
    plain["attempt"] = plain["trial"]["attempt"] = 2
    trial(work, "2").with_name("2.json").write_text(json.dumps(plain))
    lost, doubled, again = counted(work, before)
    assert (doubled, again) == (1, 1)
    assert lost == 1  # its row, which nothing folded


def test_other_suggestion_than_the_journal_implies_is_seen(work: Path) -> None:
    store = open_store(work / "store")
    (search_id,) = store.search_ids()
    count = Count()
    check_implied(store, search_id, 0, count)
    assert (count.implied_checked, count.implied_wrong) == (5, 0)
    journal = sorted(work.glob("store/searches/*/journal/1-*.json"), key=lambda file: int(file.stem[2:]))
    file = next(file for file in journal if '"suggest"' in file.read_text())
    entries = json.loads(file.read_text())
    for entry in entries:
        if entry["event"] == "suggest":
            entry["values"]["x"] = 0.123
    file.write_text(json.dumps(entries))
    check_implied(store, search_id, 0, count)
    assert count.implied_wrong >= 1
