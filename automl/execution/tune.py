"""Runs trials on Ray: the study in a named actor, and each worker a Ray Tune trial.

Tune places, scales and restarts the workers, and nothing more: its own state is never read back.
The truth is in the journal and the records. `OptunaSearch` and `Tuner.restore` are not used; see
docs/decisions.md.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.exceptions import OutOfMemoryError, RayActorError
from ray.tune.search import Searcher

from automl.errors import UnreachableError
from automl.execution.actor import RemoteStudy, answer, find_study, start_study
from automl.execution.cluster import connected
from automl.execution.code import with_local_code
from automl.execution.executor import Job, Tick
from automl.execution.logs import log_to
from automl.execution.memory import watch_memory
from automl.execution.service import Status, workers_named
from automl.execution.worker import Worker
from automl.resolved import Search
from automl.store import open_store

TICK_SECONDS = 0.5
STEP_SECONDS = 10.0  # after so long a worker returns to Tune, between two attempts
START_SECONDS = 120.0  # within which the first worker must have come up
CLUSTER_START_SECONDS = 1800.0  # the same where machines may have to be started first
LEAVE_SECONDS = 5.0  # for workers to leave by themselves when there is nothing left to do
# For Tune to end those that did not; where it still asks Ray for them later, the process ends. Less than the 60 s after
# which Ray ends a process whose GCS is gone.
END_SECONDS = 30.0
STOP, CLOSED, ALLOWED = "stop", "closed", "allowed"  # files by which Tune's thread is told


class TuneWorker(tune.Trainable):  # type: ignore[misc]
    """One worker as a Ray Tune trial; each step runs attempts for some seconds."""

    def setup(
        self, config: dict[str, Any], plain: Any = None, prepared: Any = None, store: str = "", term: int = 0
    ) -> None:
        opened = open_store(store)
        search = with_local_code(Search.from_plain(plain), opened)
        folder = opened.search(search.search_id)
        log_to(folder.place / "logs" / f"worker-{config['worker']}.log")
        _use_threads(search)
        study = find_study(search, term)
        self._worker = Worker(config["worker"], search, prepared, folder, term, study, search.device)
        _hear_preemption(self._worker)
        study.register(config["worker"], ray.get_runtime_context().current_actor)
        watch_memory(search.spec.resources.memory, partial(_end_for_memory, study, config["worker"]))

    def here(self) -> None:
        """The sign of life that the study waits for."""

    def step(self) -> dict[str, Any]:
        until = time.monotonic() + STEP_SECONDS
        done = self._worker.run(leave=lambda: time.monotonic() > until)
        if self._worker.preempted.is_set():
            # Tune starts it again where there is room. Told that it is done, Tune would ask a GCS that may be going.
            sys.exit()
        return {"done": done}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing: attempts keep their own checkpoints in the store."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Nothing: the study hands lost work out again."""


class TuneExecutor:
    """Workers on embedded Ray, or on the cluster at `address`.

    Args:
        store: the location of the store, as every node sees it.
    """

    def __init__(self, store: str, address: str | None = None) -> None:
        self._store = store
        self._address = address

    def run(self, job: Job, tick: Callable[[Tick], None]) -> Tick:
        scratch = tempfile.TemporaryDirectory(prefix="automl-tune-", ignore_cleanup_errors=True)
        with scratch as name, connected(self._address, job.search):
            actor = start_study(job, self._store)
            fit = _Fit(job, self._store, Path(name))
            try:
                fit.start()  # while the study comes up
                answer(actor.begin.remote())
                self._watch(job, actor, fit, tick)
                status: Status = answer(actor.status.remote())
            except (RayActorError, OutOfMemoryError) as error:
                raise UnreachableError(
                    "The process that holds the study died. Nothing acknowledged is lost: "
                    f"go on with `automl resume {job.search.search_id}`."
                ) from error
            finally:
                fit.end()
            return Tick(status.progress, status.trouble, lambda: None, lambda _n: None)

    def _watch(self, job: Job, actor: Any, fit: _Fit, tick: Callable[[Tick], None]) -> None:
        """Ticks until the workers have left, or need no longer be waited for."""
        began, patience = time.monotonic(), START_SECONDS if self._address is None else CLUSTER_START_SECONDS
        idle_since: float | None = None
        started = False

        def allow(n_workers: int) -> None:
            answer(actor.allow.remote(n_workers))
            fit.allow(n_workers)

        while fit.is_alive():
            fit.join(TICK_SECONDS)
            status, n_workers, hung = answer(actor.watch.remote())
            for name in hung:
                logging.getLogger("automl").warning("worker %s made no progress and was ended", name)
            tick(Tick(status.progress, status.trouble, lambda: answer(actor.pause.remote()), allow))
            started = started or n_workers > 0
            if not started and time.monotonic() - began > patience:
                resources = job.search.spec.resources
                raise UnreachableError(
                    f"No worker started within {patience:g} s: each needs {resources.cpus:g} CPUs and "
                    f"{resources.gpus or 0:g} GPUs. Lower resources, or ask `ray status`."
                )
            if status.idle:
                fit.let_leave()
            idle_since = (idle_since or time.monotonic()) if status.idle else None
            if idle_since is not None and time.monotonic() - idle_since > LEAVE_SECONDS:
                return
        if fit.error is not None:
            raise UnreachableError(
                f"Ray Tune ended with {type(fit.error).__name__}: {_first_line(fit.error)}. Nothing acknowledged is "
                f"lost: go on with `automl resume {job.search.search_id}`."
            ) from fit.error


class _Fit(threading.Thread):
    """Ray Tune, running the workers to their end; what matters of it is in the store.

    It has a thread of its own, so that the main one hears signals, folds and shows progress.
    """

    def __init__(self, job: Job, store: str, scratch: Path) -> None:
        super().__init__(name="tune", daemon=True)
        self._job = job
        self._store = store
        self._scratch = scratch
        self.error: Exception | None = None
        self.allow(job.search.n_workers)

    def allow(self, n_workers: int) -> None:
        """Lets so many workers come up."""
        temporary = self._scratch / f".{ALLOWED}"
        temporary.write_text(str(n_workers))
        temporary.replace(self._scratch / ALLOWED)

    def let_leave(self) -> None:
        """No worker comes up any more; Tune ends when those that are there have left."""
        self.allow(0)
        (self._scratch / CLOSED).touch()

    def end(self) -> None:
        """Lets Tune end the workers that are left: those that hang, and those that never came up."""
        if self.is_alive():
            (self._scratch / STOP).touch()
            self.join(END_SECONDS)

    def run(self) -> None:
        try:
            self._fit()
        except Exception as error:  # whatever it is, the main thread says it; it must not die in silence
            self.error = error

    def _fit(self) -> None:
        job, search = self._job, self._job.search
        trainable = tune.with_parameters(
            TuneWorker, plain=search.to_plain(), prepared=job.prepared, store=self._store, term=job.term
        )
        resources = search.spec.resources
        placed = tune.with_resources(trainable, {"cpu": resources.cpus, "gpu": resources.gpus or 0})
        tuner = tune.Tuner(
            placed,
            tune_config=tune.TuneConfig(
                search_alg=_Workers(self._scratch, workers_named(search.n_workers)), num_samples=-1
            ),
            run_config=tune.RunConfig(
                name=search.search_id,
                storage_path=str(self._scratch),
                verbose=0,
                stop=_StopWhenTold(self._scratch / STOP),
                failure_config=tune.FailureConfig(max_failures=-1),
                checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            ),
        )
        tuner.fit()


class _Workers(Searcher):  # type: ignore[misc]
    """Tells Tune which workers to bring up: those that are allowed and not there. It searches for nothing.

    Told by files in `folder`, since Tune copies this object.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        super().__init__(metric="done", mode="max")
        self._folder = folder
        self._names = names
        self._there: dict[str, str] = {}  # by Tune's id

    def suggest(self, trial_id: str) -> dict[str, str] | str | None:
        if (self._folder / CLOSED).exists():
            return str(self.FINISHED)
        n_allowed = int((self._folder / ALLOWED).read_text())
        missing = [name for name in self._names[:n_allowed] if name not in self._there.values()]
        if not missing:
            return None
        self._there[trial_id] = missing[0]
        return {"worker": missing[0]}

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        del result, error
        self._there.pop(trial_id, None)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: Tune's own state is never read back."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, as nothing was saved."""


class _StopWhenTold(tune.Stopper):  # type: ignore[misc]
    """Ends all workers once a file is there: Tune copies this object, so that an event would not do."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        del trial_id, result
        return False

    def stop_all(self) -> bool:
        return self._file.exists()


def _first_line(error: Exception) -> str:
    """What Ray says may go on for pages."""
    return (str(error).splitlines() or [""])[0][:500].rstrip(".")


def _hear_preemption(worker: Worker) -> None:
    """SIGTERM says that this machine is needed elsewhere: the attempt writes a checkpoint, and the worker leaves."""

    def handle(_number: int, _frame: object) -> None:
        worker.preempted.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handle)


def _end_for_memory(study: RemoteStudy, worker: str, message: str) -> None:
    """Ends this process, whose work is told to be lost for want of memory."""
    try:
        study.lose(worker, "out_of_memory_host", message)
    finally:
        os._exit(1)


def _use_threads(search: Search) -> None:
    from automl import training

    if search.device == "cpu":
        training.set_threads(max(1, int(search.spec.resources.cpus)))
