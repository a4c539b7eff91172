"""Runs trials on Ray: the study in a named actor, and each worker a Ray Tune trial.

Tune places, scales and restarts the workers, and nothing more: its own state is never read back.
The truth is in the journal and the records. `OptunaSearch` and `Tuner.restore` are not used; see
docs/decisions.md.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.exceptions import RayActorError, RayTaskError

from automl.errors import UnreachableError
from automl.execution.executor import Job, Tick
from automl.execution.service import Ended, Orders, StudyService, workers_named
from automl.execution.worker import Worker
from automl.machine import Machine
from automl.resolved import Search
from automl.store import open_store
from automl.study import Assignment, Decision, Progress

NAMESPACE = "automl"
TICK_SECONDS = 0.5
STEP_SECONDS = 10.0  # after so long a worker returns to Tune, between two attempts
START_SECONDS = 120.0  # within which the first worker must have come up


class RemoteStudy:
    """The study in its actor, as a worker meets it."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def ask(self, worker: str, k: int, ended: Sequence[Ended]) -> Orders:
        orders: Orders = _get(self._actor.ask.remote(worker, k, ended))
        return orders

    def report(self, worker: str, work: Assignment, epoch: int, score: float) -> Decision:
        decision: Decision = _get(self._actor.report.remote(worker, work, epoch, score))
        return decision

    def finish(self, worker: str, ended: Sequence[Ended]) -> None:
        _get(self._actor.finish.remote(worker, ended))

    def storage_failed(self, message: str) -> None:
        _get(self._actor.storage_failed.remote(message))

    def register(self, worker: str, handle: Any) -> None:
        _get(self._actor.register_actor.remote(worker, [handle]))


class StudyActor(StudyService):
    """The study service in an actor, which also knows the workers' actors, to end hung ones."""

    def __init__(self, plain: dict[str, Any], store: str, term: int, spent_seconds: float) -> None:
        folder = open_store(store).search(plain["search_id"])
        super().__init__(Search.from_plain(plain), folder, term, spent_seconds)
        self._actors: dict[str, Any] = {}

    def register_actor(self, worker: str, handle: list[Any]) -> None:
        """A worker begins; `handle` is a list, so that Ray passes the handle on as it is."""
        self._actors[worker] = handle[0]
        self.register(worker)

    def end_hung(self) -> list[str]:
        """Ends workers that made no progress for too long; Tune starts them anew."""
        overdue = self.overdue()
        for name in overdue:
            self.lose_hung(name)
            ray.kill(self._actors[name], no_restart=True)
        return overdue

    def n_registered(self) -> int:
        return len(self._actors)


class TuneWorker(tune.Trainable):  # type: ignore[misc]
    """One worker as a Ray Tune trial; each step runs attempts for some seconds."""

    def setup(
        self, config: dict[str, Any], plain: Any = None, prepared: Any = None, store: str = "", term: int = 0
    ) -> None:
        search = Search.from_plain(plain)
        log_file = Path(store) / "searches" / search.search_id / "logs" / f"worker-{config['worker']}.log"
        _log_to(log_file)
        _use_threads(search)
        study = RemoteStudy(ray.get_actor(actor_name(search, term), NAMESPACE))
        folder = open_store(store).search(search.search_id)
        self._worker = Worker(config["worker"], search, prepared, folder, term, study, search.device)
        study.register(config["worker"], ray.get_runtime_context().current_actor)

    def step(self) -> dict[str, Any]:
        until = time.monotonic() + STEP_SECONDS
        done = self._worker.run(leave=lambda: time.monotonic() > until)
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
        with connected(self._address, job.search):
            actor = self._start_study(job)
            fit = _Fit(job, self._store)
            fit.start()
            try:
                self._watch(job, actor, fit, tick)
                return _tick_of(actor)
            except RayActorError as error:
                raise UnreachableError(
                    "The process that holds the study died. Nothing acknowledged is lost: "
                    f"go on with `automl resume {job.search.search_id}`."
                ) from error

    def _start_study(self, job: Job) -> Any:
        remote = ray.remote(num_cpus=0, max_restarts=0)(StudyActor)
        named = remote.options(name=actor_name(job.search, job.term), namespace=NAMESPACE)
        actor = named.remote(job.search.to_plain(), self._store, job.term, job.spent_seconds)
        _get(actor.n_registered.remote())
        return actor

    def _watch(self, job: Job, actor: Any, fit: _Fit, tick: Callable[[Tick], None]) -> None:
        began = time.monotonic()
        started = False
        while fit.is_alive():
            fit.join(TICK_SECONDS)
            for name in _get(actor.end_hung.remote()):
                logging.getLogger("automl").warning("worker %s made no progress and was ended", name)
            tick(_tick_of(actor))
            started = started or _get(actor.n_registered.remote()) > 0
            if not started and time.monotonic() - began > START_SECONDS:
                resources = job.search.spec.resources
                raise UnreachableError(
                    f"No worker started within {START_SECONDS:g} s: each needs {resources.cpus:g} CPUs and "
                    f"{resources.gpus or 0:g} GPUs. Lower resources, or ask `ray status`."
                )
        if fit.error is not None:
            raise UnreachableError(
                f"Ray Tune ended with {type(fit.error).__name__}: {fit.error}. Nothing acknowledged is lost: "
                f"go on with `automl resume {job.search.search_id}`."
            ) from fit.error


class _Fit(threading.Thread):
    """Ray Tune, running the workers to their end; what matters of it is in the store.

    It has a thread of its own, so that the main one hears signals, folds and shows progress.
    """

    def __init__(self, job: Job, store: str) -> None:
        super().__init__(name="tune", daemon=True)
        self._job = job
        self._store = store
        self.error: Exception | None = None

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
        with tempfile.TemporaryDirectory(prefix="automl-tune-") as scratch:
            tuner = tune.Tuner(
                placed,
                param_space={"worker": tune.grid_search(list(workers_named(search.n_workers)))},
                tune_config=tune.TuneConfig(max_concurrent_trials=search.n_workers),
                run_config=tune.RunConfig(
                    name=search.search_id,
                    storage_path=scratch,
                    verbose=0,
                    failure_config=tune.FailureConfig(max_failures=-1),
                    checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
                ),
            )
            tuner.fit()


def actor_name(search: Search, term: int) -> str:
    return f"study-{search.search_id}-{term}"


def cluster_machine(address: str) -> Machine:
    """What the cluster at `address` has."""
    with connected(address, None):
        total = ray.cluster_resources()
        return Machine(int(total.get("CPU", 0)), int(total.get("GPU", 0)), f"the cluster at {address}")


@contextlib.contextmanager
def connected(address: str | None, search: Search | None) -> Iterator[None]:
    """A connection to Ray: the cluster at `address`, or one embedded in this process.

    A connection that is there already is used and left as it was.
    """
    if ray.is_initialized():
        yield
        return
    _quiet()
    ours = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if address is not None:
            ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
        else:
            assert search is not None
            resources = search.spec.resources
            cpus = max(os.cpu_count() or 1, int(search.n_workers * resources.cpus + 0.999))
            ray.init(
                address="local",
                namespace=NAMESPACE,
                num_cpus=cpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UnreachableError(
            f"Ray could not be reached at {address or 'this machine'}: {error}. Check RAY_ADDRESS."
        ) from error
    if threading.current_thread() is threading.main_thread():
        for number, handler in ours.items():  # ray.init() puts its own in their place
            signal.signal(number, handler)
    try:
        yield
    finally:
        ray.shutdown()


def _quiet() -> None:
    """Turns off what Ray prints, writes and reports home by default."""
    defaults = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AIR_NEW_OUTPUT": "0",
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
        "TUNE_GLOBAL_CHECKPOINT_S": "1000000",
        "RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_DEDUP_LOGS": "0",
        "RAY_ENABLE_AUTO_CONNECT": "0",  # else Tune starts a second Ray while the first one ends
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    for name in ("ray", "ray.tune", "ray.train", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _log_to(file: Path) -> None:
    """Sends this process's log into the search's own folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("automl")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def _use_threads(search: Search) -> None:
    from automl import training

    if search.device == "cpu":
        training.set_threads(max(1, int(search.spec.resources.cpus)))


def _tick_of(actor: Any) -> Tick:
    status: tuple[Progress, str | None] = _get(actor.status.remote())
    progress, trouble = status
    return Tick(progress, trouble, lambda: _get(actor.pause.remote()))


def _get(reference: Any) -> Any:
    """The result of a remote call; an error of ours comes back as itself."""
    try:
        return ray.get(reference)
    except RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
