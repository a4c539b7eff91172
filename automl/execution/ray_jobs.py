"""Drivers as Ray jobs: on the head of a cluster, which restarts a service without ending them."""

from __future__ import annotations

import shlex
from contextlib import suppress
from hashlib import sha256
from typing import Any

from automl.errors import UnreachableError
from automl.execution.jobs import IN_ORDER, command, note_end
from automl.execution.machines import Node
from automl.execution.ray_head import RayHead
from automl.store import open_store

STORE, SEARCH = "automl_store", "automl_search"  # what a job says of itself in Ray's tables
STOP_SECONDS = 300  # from SIGTERM to SIGKILL: workers end their epochs, or write checkpoints in the middle


class RayJobs:
    """Drivers as jobs of the cluster at `head`, by which a service that was killed finds them again.

    A job's id is that of its search, of the store and of the term that its driver will take: of two services
    that start one driver at once, the second is refused.
    """

    def __init__(self, store: str, head: RayHead) -> None:
        self._store = store
        self._head = head
        self._noted: set[str] = set()

    def start(self, search_id: str) -> None:
        term = open_store(self._store).search(search_id).last_term() + 1
        submission_id = f"{search_id}-{sha256(self._store.encode()).hexdigest()[:8]}-{term}"
        with self._head.client() as client:
            try:
                client.submit_job(
                    submission_id=submission_id,
                    entrypoint=f"exec {shlex.join(command(search_id, self._store))}",  # the signal is for Python
                    metadata={STORE: self._store, SEARCH: search_id},
                    runtime_env={"env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_SECONDS)}},
                    entrypoint_num_cpus=0,
                )
            except RuntimeError:  # what it raises for an id that is taken, too
                if not any(job.submission_id == submission_id and _runs(job) for job in client.list_jobs()):
                    raise

    def running(self) -> set[str]:
        """The searches whose drivers run. Of those that have ended, Ray then forgets what their logs know."""
        found = set()
        for job in self._jobs():
            if _runs(job):
                found.add(job.metadata[SEARCH])
            else:
                self._forget(job)
        return found

    def pause(self, search_id: str) -> None:
        for job in self._jobs():
            if job.metadata[SEARCH] == search_id and _runs(job):
                with self._head.client() as client:
                    client.stop_job(job.submission_id)

    def nodes(self) -> list[Node]:
        return self._head.nodes()

    def _jobs(self) -> list[Any]:
        """The jobs that are drivers of this store."""
        with self._head.client() as client:
            listed = client.list_jobs()
        return [job for job in listed if job.submission_id and (job.metadata or {}).get(STORE) == self._store]

    def _forget(self, job: Any) -> None:
        status = job.driver_exit_code
        if job.status == "FAILED" and status not in IN_ORDER and job.submission_id not in self._noted:
            note_end(job.metadata[SEARCH], self._store, status, job.message or "")
        self._noted.add(job.submission_id)
        with suppress(UnreachableError), self._head.client() as client:  # it is tried again
            client.delete_job(job.submission_id)
            self._noted.discard(job.submission_id)


def _runs(job: Any) -> bool:
    return not job.status.is_terminal()
