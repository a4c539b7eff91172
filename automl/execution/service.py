"""The study as workers meet it: with a clock, the journal on disk, and the workers' lives.

One object in one process: in this one (`local.py`), or in a named actor (`tune.py`). Its methods
are called one at a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from automl.errors import AlreadyRecorded, StorageError, Superseded, TrialFailure
from automl.execution.clock import spent_seconds
from automl.execution.executor import Trouble
from automl.execution.port import Ended, Orders
from automl.execution.recording import failed_record, result_of
from automl.metric import Goal
from automl.resolved import Search
from automl.store import SearchFolder
from automl.study import Answer, Assignment, Decision, Progress, Result, Study

N_BEST_KEPT = 10  # bundles of so many best trials are kept
MAX_RESTARTS = 10  # of a worker in a row, without a single attempt ended


@dataclass
class _Life:
    """What is known of one worker."""

    heard: float
    holds: dict[tuple[str, str], Assignment] = field(default_factory=dict)  # in the order of their running
    restarts: int = 0


@dataclass(frozen=True)
class Status:
    """What the driver watches.

    Args:
        idle: nothing will be handed out any more, and no worker holds work: they may be ended.
    """

    progress: Progress
    trouble: Trouble | None
    idle: bool


class StudyService:
    """Answers workers for one search in one term.

    Args:
        spent_seconds: wall-clock time that earlier terms of the search took.

    Raises:
        StorageError: the journal or a record cannot be read.
        Superseded: a later term has begun already.
    """

    def __init__(self, search: Search, folder: SearchFolder, term: int, spent_seconds: float) -> None:
        self._search = search
        self._folder = folder
        self._term = term
        self._began = time.monotonic() - spent_seconds
        self._lives: dict[str, _Life] = {}
        self._pausing = False
        self._allowed = search.n_workers
        self._trouble: Trouble | None = None
        folder.check_term(term)
        folder.seal_journals(before=term)
        self._study = Study.replay(search.plan(), folder.journal(term).append, folder.read_journal())
        self._best = _Best(search.objectives[0].goal, len(search.objectives) > 1)
        self._take_up()

    def _take_up(self) -> None:
        """Settles what earlier terms left: a record counts, work without one is lost and goes again."""
        for work in self._study.unfinished():
            self._close(work, "preempted", "the search ended while it ran")
        self._study.reopen()
        for trial in self._study.history():
            if trial.state == "complete":
                self._best.add(trial.score)

    def now(self) -> float:
        """Seconds that the search has taken so far, over all its terms."""
        return time.monotonic() - self._began

    def register(self, worker: str) -> None:
        """A worker begins, or begins again: then what it held is lost."""
        life = self._lives.get(worker)
        if life is None:
            self._lives[worker] = _Life(time.monotonic())
            return
        life.heard = time.monotonic()
        life.restarts += 1
        self._lose(life, "lost_worker", f"worker {worker} died")
        if life.restarts > MAX_RESTARTS:
            message = f"worker {worker} died {life.restarts} times in a row without ending an attempt"
            self._trouble = self._trouble or Trouble("lost_worker", message)

    def ask(self, worker: str, k: int = 1, ended: Sequence[Ended] = ()) -> Orders:
        """The next pieces of work for a worker; none while it must wait; `done` when it may leave.

        Args:
            k: at most so many; a worker whose attempts take milliseconds asks for several.
            ended: what the worker has done since it last asked; what it holds beside, it has not begun.
        """
        self.finish(worker, ended)
        answer = Answer((), done=True)
        if self._ending:
            return Orders(answer)
        self._put_back(self._lives[worker])
        if not self._may_work(worker):
            self.leave(worker)
            return Orders(answer)
        life = self._lives[worker]
        with self._storage():
            answer = self._study.ask(k, self.now())
        for work in answer.assignments:
            life.holds[work.kind, work.name] = work
        return Orders(answer, self._best.worst())

    def report(self, worker: str, work: Assignment, epoch: int, score: float) -> Decision:
        """Whether an attempt goes on after an epoch, stops for good, or pauses at a checkpoint.

        While everything pauses, a rung is judged all the same: the attempt will not come by it again.
        """
        self._lives[worker].heard = time.monotonic()
        if self._trouble is not None:
            return "pause"
        decision: Decision = "pause"
        with self._storage():
            decision = self._study.report(work.name, work.kind, work.attempt, epoch, score, self.now())
        leaves = self._ending or not self._may_work(worker)
        return "pause" if leaves and decision == "go" else decision

    def alive(self, worker: str, work: Assignment) -> Decision:
        """Whether an attempt goes on in the middle of an epoch: said by a worker whose epochs take long."""
        self._lives[worker].heard = time.monotonic()
        if self._ending or not self._may_work(worker):
            return "pause"
        return "stop" if work.kind == "trial" and self._study.is_late(self.now()) else "go"

    def finish(self, worker: str, ended: Sequence[Ended]) -> None:
        """Attempts ended, and their records are written."""
        life = self._lives[worker]
        life.heard = time.monotonic()
        for one in ended:
            life.restarts = 0
            life.holds.pop((one.work.kind, one.work.name), None)
            self._finish(one.work, one.result)
            if one.work.kind == "trial" and one.result.state == "complete":
                self._best.add(one.result.scores[self._search.objectives[0].name])

    def leave(self, worker: str) -> None:
        """A worker leaves in order; what it still held, it has not begun or has paused."""
        life = self._lives.pop(worker)
        if not self._ending:  # else the next term takes it up
            self._put_back(life)

    def _put_back(self, life: _Life) -> None:
        """What a worker holds and does not run is for whoever asks next."""
        for work in life.holds.values():
            self._close(work, "preempted", "its worker was needed elsewhere")
        life.holds.clear()

    def storage_failed(self, message: str) -> None:
        """The store cannot be written: everything pauses; the driver ends the search and says why."""
        self._trouble = self._trouble or Trouble("storage", message)

    def pause(self) -> None:
        """Workers write a checkpoint after their epoch and leave; the search can be resumed."""
        self._pausing = True

    def allow(self, n_workers: int) -> None:
        """Let so many workers work, those of the lowest numbers; the others leave at a checkpoint."""
        self._allowed = max(0, n_workers)

    def _may_work(self, worker: str) -> bool:
        return int(worker) < self._allowed

    def overdue(self) -> list[str]:
        """Workers that hold work and have not been heard of for too long."""
        limit = time.monotonic() - self._search.spec.resources.hung_after
        return [name for name, life in self._lives.items() if life.holds and life.heard < limit]

    def lose_hung(self, worker: str) -> None:
        """A worker made no progress and is about to be ended: its work is lost, as hung."""
        limit = self._search.spec.resources.hung_after
        self.lose(worker, "hung", f"no progress for {limit:g} s")

    def lose(self, worker: str, reason: str, message: str) -> None:
        """A worker is gone: what it held goes to others, before it comes back or without it."""
        self._lose(self._lives[worker], reason, message)

    def holds(self, worker: str) -> bool:
        """Whether a worker has work that has not ended."""
        life = self._lives.get(worker)
        return life is not None and bool(life.holds)

    def status(self) -> Status:
        progress = self._study.progress(self.now())
        held = any(life.holds for life in self._lives.values())
        ending = self._ending or progress.phase == "done"
        return Status(progress, self._trouble, idle=ending and not held)

    @property
    def _ending(self) -> bool:
        return self._pausing or self._trouble is not None

    @contextmanager
    def _storage(self) -> Iterator[None]:
        """What the study must write and cannot ends the search; it must be replayed before it goes on."""
        try:
            yield
        except StorageError as error:
            self.storage_failed(str(error))
        except Superseded:
            self.pause()  # the driver will see it too, and say so

    def _lose(self, life: _Life, reason: str, message: str) -> None:
        """A worker is gone: what it was running is lost, and what it had not begun is only put back."""
        for work in life.holds.values():
            recorded = self._folder.has_record(work.kind, work.name, work.attempt)
            self._close(work, reason, message)
            if not recorded:
                reason, message = "preempted", "its worker was lost before it began"
        life.holds.clear()

    def _close(self, work: Assignment, reason: str, message: str) -> None:
        """Ends an attempt whose worker is gone; where the worker was faster, its record counts."""
        failure = TrialFailure(reason, message)
        record = failed_record(self._search, work, self._term, failure, datetime.now(UTC))
        with self._storage():
            try:
                self._folder.write_record(record)
            except AlreadyRecorded:
                written = self._folder.record(work.kind, work.name, work.attempt)
                assert written is not None
                record = written
            self._finish(work, result_of(record))

    def _finish(self, work: Assignment, result: Result) -> None:
        with self._storage():
            self._study.finish(work.kind, work.name, work.attempt, result, self.now())


def finished(search: Search, folder: SearchFolder) -> Progress | None:
    """The progress of a search in which nothing is left to be done; None where something is."""
    entries = folder.read_journal()
    if not entries:
        return None
    study = Study.replay(search.plan(), lambda _entries: None, entries)
    progress = study.progress(spent_seconds(folder))
    return progress if progress.phase == "done" and not study.reopen() else None


class _Best:
    """The scores of the best trials so far."""

    def __init__(self, goal: Goal, keep_all: bool) -> None:
        self._sign = 1.0 if goal == "max" else -1.0
        self._keep_all = keep_all
        self._scores: list[float] = []

    def worst(self) -> float | None:
        """The score of the worst of them; None while there is room, or where all are kept."""
        full = len(self._scores) >= N_BEST_KEPT
        return self._sign * self._scores[-1] if full and not self._keep_all else None

    def add(self, score: float | None) -> None:
        if score is not None:
            self._scores = sorted([*self._scores, self._sign * score], reverse=True)[:N_BEST_KEPT]


def workers_named(n_workers: int) -> Sequence[str]:
    """The names of a search's workers.

    >>> workers_named(2)
    ['0', '1']
    """
    return [str(number) for number in range(n_workers)]
