"""Runs trials one after another in this process: for tests, debugging and tiny searches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from automl import training
from automl.execution.executor import Job, Tick
from automl.execution.port import Ended, Orders
from automl.execution.service import StudyService
from automl.execution.worker import Worker
from automl.study import Assignment, Decision

TICK_SECONDS = 0.5


class LocalExecutor:
    """One worker in this process."""

    def run(self, job: Job, tick: Callable[[Tick], None]) -> Tick:
        service = StudyService(job.search, job.folder, job.term, job.spent_seconds)
        port = _Ticking(service, tick)
        worker = Worker("0", job.search, job.prepared, job.folder, job.term, port, job.search.device)
        service.register(worker.name)
        training.set_threads(max(1, int(job.search.spec.resources.cpus)))
        worker.run()
        if port.error is not None:
            raise port.error
        return _tick_of(service)


class _Ticking:
    """The study service; on the way to it the driver gets its ticks, since no other thread runs.

    What the driver raises is kept, and the worker paused: it is not the attempt that failed.
    """

    def __init__(self, service: StudyService, tick: Callable[[Tick], None]) -> None:
        self._service = service
        self._tick = tick
        self._last = 0.0
        self.error: Exception | None = None

    def _maybe_tick(self) -> None:
        if time.monotonic() - self._last >= TICK_SECONDS and self.error is None:
            self._last = time.monotonic()
            try:
                self._tick(_tick_of(self._service))
            except Exception as error:
                self.error = error
                self._service.pause()

    def ask(self, worker: str, k: int, ended: Sequence[Ended]) -> Orders:
        self._maybe_tick()
        return self._service.ask(worker, k, ended)

    def report(self, worker: str, work: Assignment, epoch: int, score: float) -> Decision:
        self._maybe_tick()
        return self._service.report(worker, work, epoch, score)

    def alive(self, worker: str, work: Assignment) -> Decision:
        self._maybe_tick()
        return self._service.alive(worker, work)

    def finish(self, worker: str, ended: Sequence[Ended]) -> None:
        self._service.finish(worker, ended)

    def leave(self, worker: str) -> None:
        self._service.leave(worker)

    def storage_failed(self, message: str) -> None:
        self._service.storage_failed(message)


def _tick_of(service: StudyService) -> Tick:
    status = service.status()
    return Tick(status.progress, status.trouble, service.pause, service.allow)
