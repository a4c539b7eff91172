"""The parts of `benchmarks.dashboard` that need neither a browser nor a million trials."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks._million import BIG, N_SEARCHES, n_trials_of
from benchmarks.dashboard.addresses import ADDRESSES, Names, addresses, pages_found
from benchmarks.dashboard.replica import Replica


def test_every_page_is_opened_by_the_programs() -> None:
    assert {address.page for address in addresses()} == pages_found()


def test_addresses_have_names_of_their_own() -> None:
    assert len({address.name for address in ADDRESSES}) == len(ADDRESSES)


def test_names_are_quoted_and_take_turns() -> None:
    names = Names(["a", "b/c"], ["a/1", "a/2"], [], ["houses & more"], "a")
    assert names.fill("/search?id={search}", 1) == "/search?id=b%2Fc"
    assert names.fill("/compare?ids={trials}", 1) == "/compare?ids=a%2F2,a%2F1"
    assert names.fill("/leaderboard?dataset={dataset}", 5) == "/leaderboard?dataset=houses%20%26%20more"


def test_one_search_has_a_tenth_of_all_trials() -> None:
    each = [n_trials_of(number, 1_000_000) for number in range(N_SEARCHES)]
    assert sum(each) == 1_000_000
    assert each[BIG] == 100_000
    assert max(each[:BIG] + each[BIG + 1 :]) - min(each) == 1


@pytest.fixture
def replica(tmp_path: Path) -> Replica:
    source = tmp_path / "source"
    (source / "tables" / "trials" / "_delta_log").mkdir(parents=True)
    (source / "tables" / "trials" / "_delta_log" / "0.json").write_text("{}")
    (source / "tables" / "trials" / "part.parquet").write_text("rows")
    made = Replica(source, tmp_path / "replica")
    made.copy()
    return made


def test_a_replica_follows_and_finds_no_stranger(replica: Replica, tmp_path: Path) -> None:
    (tmp_path / "source" / "new").write_text("new")
    (tmp_path / "source" / "tables" / "trials" / "part.parquet").unlink()
    replica.copy()
    assert (replica.place / "new").read_text() == "new"
    assert not (replica.place / "tables" / "trials" / "part.parquet").exists()
    assert replica.strangers() == []


def test_a_replica_names_what_a_reader_did_to_it(replica: Replica) -> None:
    (replica.place / "sessions").mkdir()
    (replica.place / "sessions" / "lock").write_text("held")
    (replica.place / "tables" / "trials" / "part.parquet").unlink()
    (replica.place / "tables" / "trials" / "_delta_log" / "0.json").write_text("{ }")
    assert replica.strangers() == [
        "sessions",
        "sessions/lock",
        "tables/trials/_delta_log/0.json",
        "tables/trials/part.parquet",
    ]
