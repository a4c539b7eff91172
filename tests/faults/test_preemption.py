"""A worker whose machine is needed elsewhere writes a checkpoint and leaves, and another goes on from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import automl
from automl.execution.executor import Job, Tick
from automl.execution.port import Ended, Orders
from automl.execution.service import StudyService
from automl.execution.worker import Worker
from automl.store import open_store
from automl.study import Assignment, Decision
from benchmarks.faults.bench import Bench

N_EPOCHS = 5


class Preempting:
    """Runs a search with one worker after another; each but the last is preempted at a moment of its own."""

    def __init__(self, *moments: str) -> None:
        self.moments = list(moments)
        self.n_workers = 0

    def run(self, job: Job, tick: Callable[[Tick], None]) -> Tick:
        del tick
        service = StudyService(job.search, job.folder, job.term, job.spent_seconds)
        left = True
        while left and service.status().progress.phase != "done":
            moment = self.moments.pop(0) if self.moments else ""
            port = Port(service, moment)
            worker = Worker("0", job.search, job.prepared, job.folder, job.term, port)
            port.worker = worker
            service.register("0")
            self.n_workers += 1
            left = worker.run()
        status = service.status()
        return Tick(status.progress, status.trouble, lambda: None, lambda _n: None)


class Port:
    """The study, on the way to which the worker is told to leave: at a trial's assignment, or at its rung."""

    def __init__(self, service: StudyService, moment: str) -> None:
        self.service = service
        self.moment = moment
        self.worker: Worker | None = None

    def ask(self, worker: str, k: int, ended: Sequence[Ended]) -> Orders:
        orders = self.service.ask(worker, k, ended)
        if self.moment and any(
            f"{work.kind} {work.name}".startswith(self.moment) for work in orders.answer.assignments
        ):
            assert self.worker is not None
            self.worker.preempted.set()
        return orders

    def report(self, worker: str, work: Assignment, epoch: int, score: float) -> Decision:
        if f"{work.kind} {work.name} rung {epoch}" == self.moment:
            assert self.worker is not None
            self.worker.preempted.set()
        return self.service.report(worker, work, epoch, score)

    def alive(self, worker: str, work: Assignment) -> Decision:
        return self.service.alive(worker, work)

    def finish(self, worker: str, ended: Sequence[Ended]) -> None:
        self.service.finish(worker, ended)

    def leave(self, worker: str) -> None:
        self.service.leave(worker)

    def storage_failed(self, message: str) -> None:
        self.service.storage_failed(message)


@pytest.mark.parametrize(
    "moments",
    [
        ("trial 0",),  # before it begins
        ("trial 1 rung 2",),  # in the middle
        ("trial 1 rung 2", "refit ", "refit "),
        ("trial 0",) * 6,  # more often than a worker may be lost
    ],
)
def test_preempted_attempts_cost_no_epoch_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("FAULT_FOLDER", str(tmp_path))
    monkeypatch.setenv("FAULTS", "")
    bench = Bench(tmp_path, n_trials=3)
    rungs = {"search": {"rungs": {"first": 2, "factor": 16}}}
    executor = Preempting(*moments)
    result = automl.search(bench.spec(**rungs), store=tmp_path / "store", executor=executor)
    assert result.state == "complete"
    assert executor.n_workers == len(moments) + 1
    assert bench.n_epochs == N_EPOCHS * (3 + 1)  # trials and a refit: none is trained twice
    rows = bench.rows()
    lost = rows.filter(state="failed")
    assert set(lost["reason"]) <= {"preempted"}
    assert rows.filter(rows["state"] != "failed").height == 3
    (search,) = bench.rows("searches").iter_rows(named=True)
    assert (search["n_failed"], search["n_complete"]) == (0, 3)


def test_checkpoint_is_written_though_the_study_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole machine goes, and the study with it."""
    monkeypatch.setenv("FAULT_FOLDER", str(tmp_path))
    monkeypatch.setenv("FAULTS", "")

    class Gone(Preempting):
        def run(self, job: Job, tick: Callable[[Tick], None]) -> Tick:
            del tick
            service = StudyService(job.search, job.folder, job.term, job.spent_seconds)
            port = GonePort(service, "trial 0 rung 1")
            port.worker = Worker("0", job.search, job.prepared, job.folder, job.term, port)
            service.register("0")
            with pytest.raises(ConnectionError):
                port.worker.run()
            raise KeyboardInterrupt

    class GonePort(Port):
        def finish(self, worker: str, ended: Sequence[Ended]) -> None:
            raise ConnectionError(f"the study is gone: {worker} {ended}")

    bench = Bench(tmp_path, n_trials=1)
    spec = bench.spec(search={"rungs": {"first": 1, "factor": 16}})
    with pytest.raises(KeyboardInterrupt):
        automl.search(spec, store=tmp_path / "store", executor=Gone())
    folder = open_store(tmp_path / "store").search(bench.search_id)
    (place,) = folder.latest_work_folders("trial", "0")
    assert "0.json" in (place / "checkpoint").names()
    assert bench.n_epochs == 2  # that of the rung, and the one after it
