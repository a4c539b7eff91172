"""The study in an actor of its own, and how workers and the driver reach it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import RayTaskError

from automl.errors import AutoMLError
from automl.execution.cluster import NAMESPACE
from automl.execution.executor import Job
from automl.execution.port import Ended, Orders
from automl.execution.service import Status, StudyService
from automl.resolved import Search
from automl.store import open_store
from automl.study import Assignment, Decision


def start_study(job: Job, store: str) -> Any:
    """A handle on the actor of a job; what goes wrong in its making is raised by its `begin`."""
    named = ray.remote(num_cpus=0, max_restarts=0)(StudyActor).options(
        name=_name(job.search, job.term), namespace=NAMESPACE
    )
    return named.remote(job.search.to_plain(), store, job.term, job.spent_seconds)


def find_study(search: Search, term: int) -> RemoteStudy:
    return RemoteStudy(ray.get_actor(_name(search, term), NAMESPACE))


class StudyActor(StudyService):
    """The study in a named actor, which also ends workers that hang.

    What its making raised is kept for `begin`: raised at once it would reach the driver as another error.
    """

    def __init__(self, plain: dict[str, Any], store: str, term: int, spent_seconds: float) -> None:
        self._actors: dict[str, Any] = {}
        self._failure: AutoMLError | None = None
        try:
            folder = open_store(store).search(plain["search_id"])
            super().__init__(Search.from_plain(plain), folder, term, spent_seconds)
        except AutoMLError as error:
            self._failure = error

    def begin(self) -> None:
        """Raises what kept it from being made, if anything did."""
        if self._failure is not None:
            raise self._failure

    def register_actor(self, worker: str, handle: list[Any]) -> None:
        """A worker begins; `handle` is a list, so that Ray passes the handle on as it is."""
        self.begin()
        self._actors[worker] = handle[0]
        self.register(worker)

    def watch(self) -> tuple[Status, int, list[str]]:
        """Where the study stands, how many workers came up, and those that hung and were ended.

        Tune starts these anew.
        """
        overdue = self.overdue()
        for name in overdue:
            self.lose_hung(name)
            ray.kill(self._actors[name], no_restart=True)
        return self.status(), len(self._actors), overdue


class RemoteStudy:
    """The study in its actor, as a worker meets it."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def ask(self, worker: str, k: int, ended: Sequence[Ended]) -> Orders:
        orders: Orders = answer(self._actor.ask.remote(worker, k, ended))
        return orders

    def report(self, worker: str, work: Assignment, epoch: int, score: float) -> Decision:
        decision: Decision = answer(self._actor.report.remote(worker, work, epoch, score))
        return decision

    def alive(self, worker: str, work: Assignment) -> Decision:
        decision: Decision = answer(self._actor.alive.remote(worker, work))
        return decision

    def finish(self, worker: str, ended: Sequence[Ended]) -> None:
        answer(self._actor.finish.remote(worker, ended))

    def leave(self, worker: str) -> None:
        answer(self._actor.leave.remote(worker))

    def storage_failed(self, message: str) -> None:
        answer(self._actor.storage_failed.remote(message))

    def register(self, worker: str, handle: Any) -> None:
        answer(self._actor.register_actor.remote(worker, [handle]))


def _name(search: Search, term: int) -> str:
    return f"study-{search.search_id}-{term}"


def answer(reference: Any) -> Any:
    """The result of a remote call; an error of ours comes back as itself."""
    try:
        return ray.get(reference)
    except RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
