"""A worker: asks the study for work, trains it, writes bundle and record, and asks again.

The same code runs in this process and in an actor on a cluster; it imports neither Ray nor Optuna.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from automl.errors import AlreadyRecorded, StorageError, TrialFailure
from automl.execution import recording
from automl.execution.attempt import Paused, StudyLost, run_baseline, run_training
from automl.execution.logs import attempt_at
from automl.execution.port import Ended, StudyPort
from automl.resolved import Search
from automl.store import Record, SearchFolder
from automl.study import Assignment

if TYPE_CHECKING:
    from automl.data import Prepared

log = logging.getLogger("automl.worker")
WAIT_SECONDS = 0.1  # between two questions while there is nothing to do
ROUND_SECONDS = 0.04  # a worker asks again at most so soon, as far as its attempts are that short
HOLD_SECONDS = 1.0  # after so long it keeps nothing from others that it has not begun
MOST_AT_ONCE = 8


@dataclass(frozen=True)
class Worker:
    """One long-lived place that trains, one attempt after another.

    Args:
        name: unique among the workers of the search.
        device: ``cpu`` or ``cuda``.
        preempted: once it is set, the attempt writes a checkpoint after its epoch, and the worker leaves.
    """

    name: str
    search: Search
    prepared: Prepared
    folder: SearchFolder
    term: int
    study: StudyPort
    device: str = "cpu"
    preempted: threading.Event = field(default_factory=threading.Event)

    def run(self, leave: Callable[[], bool] = lambda: False) -> bool:
        """Works until nothing is left (True) or `leave` says so between two attempts (False)."""
        ended: list[Ended] = []
        k = 1
        while not leave():
            if self.preempted.is_set():
                return self._leave(ended)
            orders = self.study.ask(self.name, k, ended)
            ended = []
            began = time.perf_counter()
            for work in orders.answer.assignments:
                if time.perf_counter() - began > HOLD_SECONDS:
                    break  # what it has not begun goes back with the next question
                one = None if self.preempted.is_set() else self._attempt(work, orders.keep_from)
                if one is None:
                    return self._leave(ended)
                ended.append(one)
            if orders.answer.done:
                return True
            if ended:
                k = _how_many((time.perf_counter() - began) / len(ended))
            else:
                time.sleep(WAIT_SECONDS)
        self.study.finish(self.name, ended)
        return False

    def _leave(self, ended: list[Ended]) -> Literal[True]:
        """Says what has ended, and that the rest is for another worker."""
        self.study.finish(self.name, ended)
        self.study.leave(self.name)
        return True

    def _attempt(self, work: Assignment, keep_from: float | None) -> Ended | None:
        """As `_do`, with a line in the log when it begins and when it ends."""
        with attempt_at(work.kind, work.name, work.attempt):
            log.info("begins: %s", work.family)
            one = self._do(work, keep_from)
            log.info("leaves, to go on elsewhere" if one is None else f"ends: {one.result.state}")
            return one

    def _do(self, work: Assignment, keep_from: float | None) -> Ended | None:
        """Runs one attempt to its record; None when the worker must leave."""
        from automl.training.devices import failures

        started = datetime.now(UTC)
        clock = time.perf_counter()
        try:
            with failures("around its training"):
                done = (
                    run_baseline(self, work)
                    if work.kind == "baseline"
                    else run_training(self, work, keep_from)
                )
            record = recording.record_of(self, work, done, started)
        except Paused:
            return None
        except StudyLost:
            raise
        except StorageError as error:
            self.study.storage_failed(str(error))
            return None
        except TrialFailure as failure:
            log.warning("fails: %s (%s)", failure.message, failure.reason)
            record = self._failed(work, failure, started, clock)
        except OSError as error:
            if _is_storage(error):
                self.study.storage_failed(f"the store cannot be written: {error}")
                return None
            record = self._unexpected(work, error, started, clock)
        except Exception as error:
            # The user's own network or loop may raise anything: it is one failed trial, and its record
            # and the log say what it was.
            record = self._unexpected(work, error, started, clock)
        return self._write(work, record)

    def _unexpected(self, work: Assignment, error: Exception, started: datetime, clock: float) -> Record:
        log.exception("raises")
        return self._failed(work, TrialFailure("error", f"{type(error).__name__}: {error}"), started, clock)

    def _failed(self, work: Assignment, failure: TrialFailure, started: datetime, clock: float) -> Record:
        seconds = time.perf_counter() - clock
        return recording.failed_record(self.search, work, self.term, failure, started, seconds, self.name)

    def _write(self, work: Assignment, record: Record) -> Ended | None:
        result = recording.result_of(record)
        try:
            self.folder.write_record(record)
        except AlreadyRecorded:
            written = self.folder.record(work.kind, work.name, work.attempt)
            assert written is not None
            result = recording.result_of(written)
        except StorageError as error:
            self.study.storage_failed(str(error))
            return None
        return Ended(work, result)


def _how_many(seconds: float) -> int:
    """How many attempts to ask for at once, when one takes so many seconds.

    >>> _how_many(10.0), _how_many(0.012), _how_many(0.001)
    (1, 3, 8)
    """
    return max(1, min(MOST_AT_ONCE, int(ROUND_SECONDS / seconds)))


def _is_storage(error: OSError) -> bool:
    import errno

    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.ESTALE)
