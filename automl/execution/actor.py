"""The study in an actor of its own, and how workers and the driver reach it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, OutOfMemoryError, RayActorError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from automl.errors import AutoMLError
from automl.execution.cluster import NAMESPACE
from automl.execution.executor import Job
from automl.execution.port import Ended, Orders
from automl.execution.service import Status, StudyService
from automl.resolved import Search
from automl.store import open_store
from automl.study import Assignment, Decision

NODE_SECONDS = 2.0  # within which a node that is up answers
SIGN_SECONDS = 5.0  # within which a worker that has gone is known to have gone


def start_study(job: Job, store: str) -> Any:
    """A handle on the actor of a job; what goes wrong in its making is raised by its `begin`.

    It lives on the driver's node, which stays: those of the workers come and go.
    """
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    named = ray.remote(num_cpus=0, max_restarts=0)(StudyActor).options(
        name=_name(job.search, job.term), namespace=NAMESPACE, scheduling_strategy=here
    )
    return named.remote(job.search.to_plain(), store, job.term, job.spent_seconds)


def find_study(search: Search, term: int) -> RemoteStudy:
    return RemoteStudy(ray.get_actor(_name(search, term), NAMESPACE))


@dataclass
class _Home:
    """Where a worker lives.

    Args:
        handle: on its actor.
        node: the id of its node.
        sign: of its life: an answer that it gives between two steps, and that fails at once when it dies.
        dead: whether that was seen.
        ran_out: whether Ray ended it, since its machine's memory was full.
    """

    handle: Any
    node: str
    sign: Any
    dead: bool = False
    ran_out: bool = False


class StudyActor(StudyService):
    """The study in a named actor, which also sees workers die, and ends those that hang.

    What its making raised is kept for `begin`: raised at once it would reach the driver as another error.
    """

    def __init__(self, plain: dict[str, Any], store: str, term: int, spent_seconds: float) -> None:
        self._homes: dict[str, _Home] = {}
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

    def register_actor(self, worker: str, handle: list[Any], node: str) -> None:
        """A worker begins on a node; `handle` is a list, so that Ray passes the handle on as it is."""
        self.begin()
        before = self._homes.get(worker)
        if before is not None:
            ray.wait([before.sign], timeout=SIGN_SECONDS, fetch_local=False)
            _is_dead(before)
            self._lose_from(worker, before)
        self._homes[worker] = _Home(handle[0], node, handle[0].here.remote())
        self.register(worker)

    def watch(self) -> tuple[Status, int, list[str]]:
        """Where the study stands, how many workers came up, and those that hung and were ended.

        Tune starts these anew, and those that died; what they held goes to whoever asks first.
        """
        for worker, home in self._homes.items():
            home.dead = home.dead or _is_dead(home)
            if home.dead:
                self._lose_from(worker, home)
        overdue = self.overdue()
        for name in overdue:
            self.lose_hung(name)
            ray.kill(self._homes[name].handle, no_restart=True)
        return self.status(), len(self._homes), overdue

    def _lose_from(self, worker: str, home: _Home) -> None:
        """What a dead worker held is lost: with its node, for want of memory, or by itself."""
        if not self.holds(worker):
            return
        if home.ran_out:
            message = f"Ray ended worker {worker}, as its machine's memory was full"
            self.lose(worker, "out_of_memory_host", message)
        elif _is_up(home.node):
            self.lose(worker, "lost_worker", f"worker {worker} died")
        else:
            self.lose(worker, "lost_node", f"the node of worker {worker} died")


def _is_up(node_id: str) -> bool:
    """Whether a node answers; Ray knows of a dead one only a quarter of a minute later, and its workers are gone."""
    for node in ray.nodes():
        if node["NodeID"] == node_id and node["Alive"]:
            try:
                where = (node["NodeManagerAddress"], node["NodeManagerPort"])
                socket.create_connection(where, timeout=NODE_SECONDS).close()
            except OSError:
                return False
            return True
    return False


def _is_dead(home: _Home) -> bool:
    """Whether the process of a worker has ended, by itself or with its node."""
    ready, _ = ray.wait([home.sign], timeout=0, fetch_local=False)
    if not ready:
        return False
    try:
        ray.get(home.sign)
    except ActorUnavailableError:
        pass  # Ray cannot say yet; the next sign will
    except OutOfMemoryError:
        home.ran_out = True
        return True
    except RayActorError:
        return True
    home.sign = home.handle.here.remote()
    return False


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

    def lose(self, worker: str, reason: str, message: str) -> None:
        ray.get(self._actor.lose.remote(worker, reason, message), timeout=SIGN_SECONDS)

    def register(self, worker: str, handle: Any) -> None:
        node = ray.get_runtime_context().get_node_id()
        answer(self._actor.register_actor.remote(worker, [handle], node))


def _name(search: Search, term: int) -> str:
    return f"study-{search.search_id}-{term}"


def answer(reference: Any) -> Any:
    """The result of a remote call; an error of ours comes back as itself."""
    try:
        return ray.get(reference)
    except RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
