"""The study as workers meet it: what is lost, what counts, and who may write."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from toys import toy_spec

from automl.api import spec_of
from automl.errors import StorageError, Superseded, TrialFailure
from automl.execution import service as services
from automl.execution.port import Ended
from automl.execution.recording import failed_record, result_of
from automl.execution.service import StudyService, finished
from automl.resolved import Search
from automl.run import plan_search
from automl.store import SearchFolder, open_store
from automl.study import Assignment, Result


@pytest.fixture
def search(tmp_path: Path) -> Search:
    return plan_search(spec_of(toy_spec(tmp_path, budget={"trials": 30, "epochs": 4})))[0]


@pytest.fixture
def folder(tmp_path: Path, search: Search) -> SearchFolder:
    store = open_store(tmp_path / "store", create=True)
    return store.create_search(search.search_id, search.to_plain())


def begin(search: Search, folder: SearchFolder, *workers: str) -> StudyService:
    """The next term, past its baselines."""
    service = StudyService(search, folder, folder.term_begin(), 0.0)
    for worker in workers:
        service.register(worker)
        while (work := service.ask(worker).answer.assignments[0]).kind == "baseline":
            service.finish(worker, [record(search, folder, work)])
        service.finish(worker, [record(search, folder, work)])
    return service


def record(search: Search, folder: SearchFolder, work: Assignment, reason: str = "error") -> Ended:
    """Writes that an attempt ended."""
    written = failed_record(search, work, 1, TrialFailure(reason, "as told"), datetime.now(UTC))
    folder.write_record(written)
    return Ended(work, result_of(written))


def reasons(folder: SearchFolder) -> dict[tuple[str, int], str | None]:
    return {(r.name, r.attempt): r.reason for r in folder.records() if r.kind == "trial"}


def test_of_what_a_dead_worker_held_only_what_it_was_running_is_lost(
    search: Search, folder: SearchFolder
) -> None:
    service = begin(search, folder, "0")
    held = service.ask("0", 4).answer.assignments
    assert [work.name for work in held] == ["1", "2", "3", "4"]
    record(search, folder, held[0], "diverged")  # it ended, and the worker died before it could say so
    service.register("0")
    found = reasons(folder)
    assert [found.get((work.name, 1)) for work in held] == [
        "diverged",
        "lost_worker",
        "preempted",
        "preempted",
    ]
    again = service.ask("0", 4).answer.assignments
    assert [(work.name, work.attempt) for work in again] == [("2", 2), ("3", 2), ("4", 2), ("5", 1)]


def test_what_a_worker_held_and_has_not_begun_goes_to_who_asks_next(
    search: Search, folder: SearchFolder
) -> None:
    service = begin(search, folder, "0", "1")
    held = service.ask("0", 4).answer.assignments
    ended = [record(search, folder, held[0], "diverged")]
    service.ask("0", 1, ended)
    found = reasons(folder)
    assert [found[work.name, 1] for work in held] == ["diverged", *3 * ["preempted"]]
    again = service.ask("1", 2).answer.assignments
    assert [(work.name, work.attempt) for work in again] == [(held[2].name, 2), (held[3].name, 2)]
    assert service.status().progress.n_failed == 3  # those that `record` ends, and none that was put back


def test_worker_that_ran_out_of_memory_is_told_apart_from_one_that_died(
    search: Search, folder: SearchFolder
) -> None:
    service = begin(search, folder, "0")
    (work,) = service.ask("0").answer.assignments
    for _ in range(2):
        service.lose("0", "out_of_memory_host", "as told")
        service.register("0")
        (again,) = service.ask("0").answer.assignments
        if again.name != work.name:
            break
        assert (again.attempt, again.micro_batches) == (2, 2)
    assert reasons(folder) | {
        (work.name, 1): "out_of_memory_host",
        (work.name, 2): "out_of_memory_host",
    } == reasons(folder)
    assert again.name != work.name  # it was tried once more, and then given up


def test_work_of_a_worker_that_is_known_to_be_dead_goes_on_before_it_comes_back(
    search: Search, folder: SearchFolder
) -> None:
    service = begin(search, folder, "0", "1")
    held = service.ask("0", 2).answer.assignments
    assert (service.holds("0"), service.holds("1"), service.holds("2")) == (True, False, False)
    service.lose("0", "lost_node", "the node of worker 0 died")
    assert not service.holds("0")
    found = reasons(folder)
    assert [found[work.name, 1] for work in held] == ["lost_node", "preempted"]
    again = service.ask("1", 2).answer.assignments
    assert [(work.name, work.attempt) for work in again] == [(work.name, 2) for work in held]
    service.register("0")  # it comes back, and takes nothing from anybody
    assert service.holds("1")
    assert reasons(folder) == found


def test_work_that_kills_its_worker_is_given_up_and_nothing_beside_it(
    search: Search, folder: SearchFolder
) -> None:
    service = begin(search, folder, "0")
    for _ in range(3):
        assert service.ask("0", 3).answer.assignments[0].name == "1"
        service.register("0")
    names = [work.name for work in service.ask("0", 3).answer.assignments]
    assert names == ["2", "3", "4"]
    assert service.status().progress.n_failed == 2  # the first trial by its record, and this one


def test_worker_that_dies_without_end_stops_the_search(search: Search, folder: SearchFolder) -> None:
    service = begin(search, folder, "0")
    for _ in range(services.MAX_RESTARTS + 1):
        service.register("0")
    trouble = service.status().trouble
    assert trouble is not None
    assert trouble.reason == "lost_worker"
    assert trouble.message == "worker 0 died 11 times in a row without ending an attempt"
    assert service.ask("0").answer.done
    assert service.status().idle


def test_hung_worker_loses_its_work_as_hung(
    search: Search, folder: SearchFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = begin(search, folder, "0", "1")
    held = service.ask("0", 2).answer.assignments
    assert service.overdue() == []
    now = services.time.monotonic()
    monkeypatch.setattr(services.time, "monotonic", lambda: now + 601.0)
    assert service.overdue() == ["0"]  # the other one holds nothing
    service.lose_hung("0")
    found = reasons(folder)
    assert [found[work.name, 1] for work in held] == ["hung", "preempted"]
    assert service.overdue() == []


def test_record_of_a_worker_that_was_faster_counts(search: Search, folder: SearchFolder) -> None:
    first = begin(search, folder, "0")
    (work,) = first.ask("0").answer.assignments
    record(search, folder, work, "diverged")
    second = StudyService(search, folder, folder.term_begin(), 0.0)
    assert reasons(folder)[work.name, 1] == "diverged"
    second.register("0")
    assert second.ask("0").answer.assignments[0].name != work.name


def test_worker_that_outlives_its_term_loses_and_is_told_what_counts(
    search: Search, folder: SearchFolder
) -> None:
    first = begin(search, folder, "0")
    (work,) = first.ask("0").answer.assignments
    second = StudyService(search, folder, folder.term_begin(), 0.0)
    second.register("0")
    assert reasons(folder)[work.name, 1] == "preempted"
    again = second.ask("0").answer.assignments[0]
    assert (again.name, again.attempt) == (work.name, 2)
    written = folder.record("trial", work.name, 1)
    assert written is not None
    first.finish("0", [Ended(work, Result("complete", {"rmse": 1.0}))])  # what it would have said
    assert second.status().progress.n_complete == 0


def test_earlier_term_cannot_write_once_a_later_one_has_read(search: Search, folder: SearchFolder) -> None:
    first = begin(search, folder, "0")
    second = StudyService(search, folder, folder.term_begin(), 0.0)
    n_entries = len(folder.read_journal())
    assert first.ask("0", 2).answer.done  # its next suggestion could not be written, so it leaves
    assert len(folder.read_journal()) == n_entries
    second.register("0")
    assert second.ask("0", 2).answer.assignments
    third = StudyService(search, folder, folder.term_begin(), 0.0)  # which replays what both wrote
    assert third.status().progress.n_running == 2


def test_term_that_comes_late_does_not_begin(search: Search, folder: SearchFolder) -> None:
    early = folder.term_begin()
    folder.seal_journals(before=folder.term_begin())
    with pytest.raises(Superseded, match=r"Term 2 of search toy-.* is at work; term 1 ends here"):
        StudyService(search, folder, early, 0.0)
    with pytest.raises(Superseded):
        folder.journal(early).append([{"late": True}])
    assert folder.read_journal() == []


def test_journal_that_cannot_be_written_stops_the_search(
    search: Search, folder: SearchFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = begin(search, folder, "0")

    def fail(*_: Any) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr("automl.store.places.disk.DiskPlace.write_once", fail)
    assert service.ask("0").answer.done
    trouble = service.status().trouble
    assert trouble is not None
    assert (trouble.reason, trouble.message) == ("storage", "the disk is full")


def test_folder_that_is_gone_is_not_made_anew(search: Search, folder: SearchFolder) -> None:
    service = begin(search, folder, "0")
    folder.place.path.rename(folder.place.path.with_name("moved"))
    assert service.ask("0").answer.done
    trouble = service.status().trouble
    assert trouble is not None
    assert "is gone: the store was moved, unmounted or deleted" in trouble.message
    assert not folder.place.path.exists()


def test_pausing_study_is_idle_once_its_workers_have_left(search: Search, folder: SearchFolder) -> None:
    service = begin(search, folder, "0")
    (work,) = service.ask("0").answer.assignments
    service.pause()
    assert not service.status().idle
    assert service.report("0", work, 1, 0.5) == "pause"
    service.leave("0")
    assert service.status().idle


def test_finished_search_is_known_without_a_worker(search: Search, folder: SearchFolder) -> None:
    assert finished(search, folder) is None
    service = begin(search, folder, "0")
    assert finished(search, folder) is None
    while not (orders := service.ask("0")).answer.done:
        service.finish("0", [record(search, folder, work) for work in orders.answer.assignments])
    progress = finished(search, folder)
    assert progress is not None
    assert progress.n_failed == 10  # then it gave up


def test_a_rung_that_is_reached_while_all_pauses_is_judged(tmp_path: Path) -> None:
    changes = {"budget": {"trials": 30, "epochs": 27}, "resources": {"workers": 3}}
    search = plan_search(spec_of(toy_spec(tmp_path, **changes)))[0]
    folder = open_store(tmp_path / "store", create=True).create_search(search.search_id, search.to_plain())
    service = begin(search, folder, "0", "1", "2")
    first, second, third = (service.ask(worker).answer.assignments[0] for worker in "012")
    rung, sign = search.plan().rungs[0], 1.0 if search.objectives[0].goal == "min" else -1.0
    service.pause()
    assert service.report("0", first, rung, sign) == "pause"
    assert service.report("1", second, rung, 2 * sign) == "pause"
    assert service.report("2", third, rung, 3 * sign) == "stop"
    judged = [(entry["trial"], entry["epoch"]) for entry in folder.read_journal() if entry["event"] == "rung"]
    assert judged == [(work.trial, rung) for work in (first, second, third)]
