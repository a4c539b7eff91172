"""The programs that measure scale: samples of each, and that their counts see what they are there to see."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from automl.execution.books import row_of
from automl.store import Store, open_store
from automl.store.fold import Fold
from benchmarks._measure import Measure
from benchmarks._records import trial_record
from benchmarks.faults.bucket import BUCKET, s3_server
from benchmarks.service import folding, growth, nodes, slots, submitting
from benchmarks.service._made import another, planned
from benchmarks.service.folding import Missing, Wrote, compare


def not_met(found: Iterable[Measure]) -> list[str]:
    return [one.name for one in found if one.met is False]


class Slow:
    """Hands out so many trials; each call takes ten milliseconds."""

    def __init__(self, n_trials: int) -> None:
        self._left = n_trials
        self.told: list[Any] = []

    def ask(self, worker: str, ended: Any) -> Any:
        del worker
        time.sleep(0.01)
        self.told += [ended] if ended is not None else []
        self._left -= 1
        return self._left if self._left >= 0 else None

    def report(self, worker: str, work: Any, epoch: int) -> bool:
        del worker, work
        time.sleep(0.01)
        return epoch < 2

    def end(self, worker: str, work: Any, n_epochs: int) -> Any:
        return worker, work, n_epochs


def test_a_call_waits_for_those_before_it() -> None:
    asked = Slow(4)
    began = time.perf_counter()
    seen = slots.Simulation(asked, 4, message_seconds=0.02).run()
    assert time.perf_counter() - began < 4 * slots.EPOCH_SECONDS  # it sleeps in virtual time
    assert [wait >= 0.03 * n for n, wait in enumerate(seen.waits[:4], start=1)] == [True] * 4
    assert seen.n_trials == 4
    assert sorted(told[1:] for told in asked.told) == [(work, 2) for work in range(4)]
    assert len(seen.waits) == 4 + 4 * 2 + 4  # each asks, reports two epochs, and asks in vain
    assert len(seen.asleep) == 8


def test_time_between_epochs_is_not_busy() -> None:
    quick = slots.Simulation(Slow(8), 2).run()
    slow = slots.Simulation(Slow(8), 2, message_seconds=1.0).run()
    assert 0.9 < quick.busy <= 1.0
    assert slow.busy < 0.6


def test_our_study_keeps_workers_busy_and_loses_no_record() -> None:
    found = slots.measures("sample", slots.simulated(8, 24, 0.001), time.monotonic(), judged=True)
    assert found[0].name == "sample, 8 workers, 24 trials: slots busy"
    assert 0.5 < found[0].value <= 1.0
    assert found[0].reach == slots.REACH_BUSY


def test_threads_really_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "EPOCH_SECONDS", 0.05)
    began = time.perf_counter()
    seen = slots.really(4, 8)
    assert time.perf_counter() - began > 0.5  # two trials of five epochs
    assert (seen.n_trials, len(seen.asleep)) == (8, 40)


@pytest.fixture
def folded(tmp_path: Path) -> tuple[Store, list[Wrote]]:
    """A search with three trials, in the tables."""
    search = another(planned(tmp_path, 1, 1)[0], 0)
    store = open_store(tmp_path / "store", create=True)
    folder = store.create_search(search.search_id, search.to_plain())
    for number in range(3):
        folder.write_record(trial_record(search.search_id, number, folding.N_EPOCHS))
    fold = Fold(store, folder, folder.term_begin())
    fold.fold()
    fold.update_search(row_of(search, folder, 1, "complete"))
    return store, [Wrote(search.search_id, [], [0.0] * 3, [], 0, 0.0, 0.0, None)]


def test_whole_tables_miss_nothing(folded: tuple[Store, list[Wrote]]) -> None:
    assert compare(*folded) == Missing(records=0, doubled=0, epochs=0, searches=0)


def test_what_is_missing_or_twice_is_counted(folded: tuple[Store, list[Wrote]]) -> None:
    store, (wrote,) = folded
    more = replace(wrote, waits=[0.0] * 5)
    assert compare(store, [more]) == Missing(2, 0, 2 * 2 * folding.N_EPOCHS, 0)
    gone = replace(wrote, search_id="gone-00000000")
    assert compare(store, [wrote, gone]) == Missing(3, 0, 3 * 2 * folding.N_EPOCHS, 1)
    from automl.store.delta import append, open_or_create, scan

    append(open_or_create(store, "trials"), scan(store, "trials").head(1).collect(), "twice", 0)
    assert compare(store, [wrote]).doubled == 1


@pytest.mark.slow
def test_drivers_fold_into_one_store_at_once(tmp_path: Path) -> None:
    found = folding.measured(3, 4.0, str(tmp_path / "store"))
    assert not_met(found) == []


@pytest.mark.slow
def test_drivers_fold_into_one_bucket_at_once() -> None:
    with s3_server():
        found = folding.measured(3, 4.0, f"s3://{BUCKET}/store")
    assert [name for name in not_met(found) if "within" not in name] == []


@pytest.mark.slow
def test_submissions_are_answered_and_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitting, "PAUSE_SECONDS", 0.5)
    base, _ = planned(tmp_path, 1, 1)
    store = open_store(tmp_path / "store", create=True)
    submitting.make(store, [another(base, number) for number in range(5)], "complete")
    found = submitting.submissions(store, tmp_path, 1) + submitting.queued(store, tmp_path, 3)
    assert len(found) == 10 + 5
    assert all(one.value > 0 for one in found)


@pytest.mark.slow
def test_growth_is_measured_while_clients_read() -> None:
    service, whole = growth.measured(200, 40)
    assert service.reach == growth.REACH_BYTES
    assert whole.value > 10
    assert growth.of_study(20).value >= 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_node_killed_and_one_added_lose_nothing(tmp_path: Path) -> None:
    seen = nodes.Seen()
    nodes.once(tmp_path.resolve(), 60, seen)
    assert (seen.lost, seen.doubled, seen.again) == (0, 0, 0)
    assert seen.acknowledged > 0
    assert len(seen.used_after) == 1
