"""The study as workers meet it: with a clock, the journal on disk, and the workers' lives.

One object in one process: in this one (`local.py`), or in a named actor (`tune.py`). Its methods
are called one at a time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from automl.errors import AlreadyRecorded, StorageError
from automl.execution.recording import lost_record, result_of
from automl.resolved import Search
from automl.store import SearchFolder
from automl.study import Answer, Assignment, Decision, Progress, Result, Study
from automl.task import Goal

N_BEST_KEPT = 10  # bundles of so many best trials are kept
MAX_RESTARTS = 10  # of a worker in a row, without a single attempt ended


@dataclass(frozen=True)
class Ended:
    """An attempt that has its record."""

    work: Assignment
    result: Result


@dataclass(frozen=True)
class Orders:
    """What a worker is told when it asks.

    Args:
        keep_from: a trial that scores this well is among the best so far, so that its bundle is kept;
            None where every one is.
    """

    answer: Answer
    keep_from: float | None = None


class StudyPort(Protocol):
    """What a worker needs of the study, wherever it lives."""

    def ask(self, worker: str, k: int, ended: Sequence[Ended]) -> Orders: ...
    def report(self, worker: str, work: Assignment, epoch: int, score: float) -> Decision: ...
    def finish(self, worker: str, ended: Sequence[Ended]) -> None: ...
    def storage_failed(self, message: str) -> None: ...


@dataclass
class _Life:
    """What is known of one worker."""

    heard: float
    holds: dict[tuple[str, str], Assignment] = field(default_factory=dict)
    restarts: int = 0


class StudyService:
    """Answers workers for one search in one term.

    Args:
        spent_seconds: wall-clock time that earlier terms of the search took.
    """

    def __init__(self, search: Search, folder: SearchFolder, term: int, spent_seconds: float) -> None:
        self._search = search
        self._folder = folder
        self._term = term
        self._began = time.monotonic() - spent_seconds
        self._lives: dict[str, _Life] = {}
        self._pausing = False
        self.trouble: str | None = None
        journal = folder.journal(term)
        self._study = Study.replay(search.plan(), journal.append, folder.read_journal())
        self._best = _Best(search.objectives[0].goal, len(search.objectives) > 1)
        self._take_up()

    def _take_up(self) -> None:
        """Settles what earlier terms left: a record counts, work without one is lost and goes again."""
        for seen in self._folder.records():
            if seen.kind == "trial" and seen.trial is not None and seen.trial.state == "complete":
                self._best.add(seen.trial.score)
        for work in self._study.unfinished():
            record = self._folder.record(work.kind, work.name, work.attempt)
            if record is None:
                self._lose(work, "preempted", "the search ended while it ran")
            else:
                self._study.finish(work.kind, work.name, work.attempt, result_of(record), self.now())
        self._study.reopen()

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
        for work in list(life.holds.values()):
            self._lose(work, "lost_worker", f"worker {worker} died")
        life.holds.clear()
        if life.restarts > MAX_RESTARTS:
            self.trouble = f"worker {worker} died {life.restarts} times in a row without ending an attempt"

    def ask(self, worker: str, k: int = 1, ended: Sequence[Ended] = ()) -> Orders:
        """The next pieces of work for a worker; none while it must wait; `done` when it may leave.

        Args:
            k: at most so many; a worker whose attempts take milliseconds asks for several.
            ended: what the worker has done since it last asked.
        """
        self.finish(worker, ended)
        life = self._lives[worker]
        life.heard = time.monotonic()
        if self._pausing or self.trouble:
            return Orders(Answer((), done=True))
        try:
            answer = self._study.ask(k, self.now())
        except StorageError as error:
            self.storage_failed(str(error))
            return Orders(Answer((), done=True))
        for work in answer.assignments:
            life.holds[work.kind, work.name] = work
        return Orders(answer, self._best.worst())

    def report(self, worker: str, work: Assignment, epoch: int, score: float) -> Decision:
        """Whether an attempt goes on after an epoch, stops for good, or pauses at a checkpoint."""
        self._lives[worker].heard = time.monotonic()
        if self._pausing or self.trouble:
            return "pause"
        try:
            return self._study.report(work.name, work.kind, work.attempt, epoch, score)
        except StorageError as error:
            self.storage_failed(str(error))
            return "pause"

    def finish(self, worker: str, ended: Sequence[Ended]) -> None:
        """Attempts ended, and their records are written."""
        life = self._lives[worker]
        life.heard = time.monotonic()
        for one in ended:
            life.restarts = 0
            life.holds.pop((one.work.kind, one.work.name), None)
            self._finish(one.work, one.result)

    def _finish(self, work: Assignment, result: Result) -> None:
        if work.kind == "trial" and result.state == "complete":
            self._best.add(result.scores[self._search.objectives[0].name])
        try:
            self._study.finish(work.kind, work.name, work.attempt, result, self.now())
        except StorageError as error:
            self.storage_failed(str(error))

    def storage_failed(self, message: str) -> None:
        """The store cannot be written: everything pauses; the driver ends the search and says why."""
        self.trouble = self.trouble or message

    def pause(self) -> None:
        """Workers write a checkpoint after their epoch and leave; the search can be resumed."""
        self._pausing = True

    def overdue(self) -> list[str]:
        """Workers that hold work and have not been heard of for too long."""
        limit = time.monotonic() - self._search.spec.resources.hung_after
        return [name for name, life in self._lives.items() if life.holds and life.heard < limit]

    def lose_hung(self, worker: str) -> None:
        """A worker made no progress and is about to be ended: its work is lost, as hung."""
        life = self._lives[worker]
        for work in life.holds.values():
            self._lose(work, "hung", f"no progress for {self._search.spec.resources.hung_after:g} s")
        life.holds.clear()

    def status(self) -> tuple[Progress, str | None]:
        """How far the search is, and what keeps it from going on, if anything does."""
        return self._study.progress(self.now()), self.trouble

    def _lose(self, work: Assignment, reason: str, message: str) -> None:
        """Closes an attempt whose worker is gone; where the worker was faster, its record counts."""
        record = lost_record(self._search, work, self._term, reason, message, datetime.now(UTC))
        try:
            self._folder.write_record(record)
        except AlreadyRecorded:
            written = self._folder.record(work.kind, work.name, work.attempt)
            assert written is not None
            if written.trial is None or written.trial.reason != reason:
                self._study.finish(work.kind, work.name, work.attempt, result_of(written), self.now())
                return
        except StorageError as error:
            self.storage_failed(str(error))
            return
        self._study.lose(work.kind, work.name, work.attempt, reason, self.now())


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
