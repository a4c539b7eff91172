"""One attempt: a baseline, a trial or a refit, from its assignment to what is to be recorded."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from automl import catalog
from automl.checkpoint import save_checkpoint, whole_checkpoints
from automl.errors import TrialFailure
from automl.execution.judging import Done, allows, compared, judge, judged, median_ms, metrics
from automl.family import TrainingRun
from automl.resolved import FamilyChoice, file_hash
from automl.study import Assignment
from automl.study.plan import Decision, State

if TYPE_CHECKING:
    import torch

    from automl.execution.worker import Worker
    from automl.store import WorkFolder

log = logging.getLogger("automl.worker")
CHECKPOINT_SECONDS = 20.0  # a lost worker costs at most about so much work
REPORT_SECONDS = 0.5  # the study hears of an attempt at rungs, and at least so often
PULSE_SECONDS = 5.0  # and so often within an epoch that takes long
GRACE_SECONDS = 10.0  # an attempt that is to pause goes on for so long to the end of its epoch
BASELINE_PATIENCE = 6  # times `hung_after`, for which a baseline may take: it cannot say how far it is


class Paused(Exception):
    """The attempt wrote a checkpoint and is to go on in another worker or term."""


class StudyLost(Exception):
    """The study did not answer: no fault of the attempt, which is lost with its worker."""


class _Late(Exception):
    """The time of the search is over: the attempt stops in the middle of an epoch."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class _Pulse:
    """Says within epochs that take long that an attempt makes progress, and ends it where it must end at once."""

    def __init__(self, worker: Worker, work: Assignment) -> None:
        self._worker = worker
        self._work = work
        self._limit = worker.search.spec.resources.trial_time
        self._pausing: float | None = None
        self.begin(0.0)

    def begin(self, seconds: float) -> None:
        """Training begins now, and earlier attempts have trained for so long."""
        self._heard = time.perf_counter()
        self._began = self._heard - seconds

    def __call__(self) -> None:
        now = time.perf_counter()
        if self._worker.preempted.is_set():
            self._pause(now)
        if now - self._heard < PULSE_SECONDS:
            return
        self._heard = now
        if self._limit is not None and now - self._began > self._limit:
            raise _too_long(self._limit)
        try:
            decision = self._worker.study.alive(self._worker.name, self._work)
        except Exception as error:
            raise StudyLost from error
        if decision == "stop":
            raise _Late(now - self._began)
        if decision == "pause":
            self._pause(now)

    def _pause(self, now: float) -> None:
        self._pausing = self._pausing or now
        if now - self._pausing > GRACE_SECONDS:
            raise Paused


def _too_long(limit: float) -> TrialFailure:
    return TrialFailure("timeout", f"the trial took longer than resources.trial_time ({limit:g} s).")


def run_baseline(worker: Worker, work: Assignment) -> Done:
    """Fits a simple model on the training rows and judges it as finalists are judged."""
    baseline = catalog.baseline(work.name)
    data = worker.prepared
    began = time.perf_counter()
    with _said_to_live(worker, work):
        predict = baseline.fit(data.train, data.signature, data.task, work.seed)
        seconds = time.perf_counter() - began
        scores, predictions = {}, {}
        for split, rows in (("validation", data.validation), ("test", data.test)):
            prediction = compared(worker, predict(rows.inputs))
            predictions[split] = (rows, prediction)
            scores[split] = judge(worker, rows, prediction)
        first = {name: values[:1] for name, values in data.validation.inputs.items()}
        latency = median_ms(lambda: predict(first))
    return Done(
        "complete",
        scores=scores,
        predictions=predictions,
        train_seconds=seconds,
        latency_ms=latency,
        work_folder=cache(lambda: worker.folder.work_folder(work.kind, work.name, work.attempt)),
    )


@contextmanager
def _said_to_live(worker: Worker, work: Assignment) -> Iterator[None]:
    """While inside, the study hears that the worker lives, for as long as a baseline may take.

    A baseline is one call of a library, which says nothing until it has ended. A process that is stopped, or a
    library that holds the interpreter, is silent all the same, and ends as hung.
    """
    done = threading.Event()
    until = time.monotonic() + BASELINE_PATIENCE * worker.search.spec.resources.hung_after

    def say() -> None:
        while not done.wait(PULSE_SECONDS) and time.monotonic() < until:
            try:
                worker.study.alive(worker.name, work)
            except Exception as error:  # the worker itself will find that the study is lost
                log.warning("the study does not answer: %s", error)
                return

    thread = threading.Thread(target=say, name="alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def run_training(worker: Worker, work: Assignment, keep_from: float | None = None) -> Done:
    """Trains one attempt at a trial or a refit, from its last checkpoint where there is one.

    Args:
        keep_from: the score from which a trial's bundle is kept; None keeps any.

    Raises:
        TrialFailure: with a reason of the closed list.
        Paused: the study asked for it; a checkpoint is written.
    """
    from automl import training

    data, search = worker.prepared, worker.search
    chosen = search.family(work.family)
    family = chosen.load()
    network = training.build_network(family, work.configuration, data.signature, work.seed, worker.device)
    if chosen.weights is not None:
        _start_from(network, chosen)
    n_parameters = training.n_parameters(network)
    if not allows(search, {"n_parameters": n_parameters}):
        return Done("stopped", n_parameters=n_parameters, feasible=False)
    pulse = _Pulse(worker, work)
    run = TrainingRun(
        network=network,
        configuration=work.configuration,
        task=data.task,
        train=data.train,
        validation=data.validation,
        target_scale=data.target_scale,
        metrics=metrics(worker),
        seed=work.seed,
        epochs=work.epochs,
        device=worker.device,
        micro_batches=work.micro_batches,
        features=data.preprocessing.features,
        unlabelled=data.unlabelled,
        pulse=pulse,
    )
    loop = training.start(family, run)
    work_folder = cache(
        lambda: worker.folder.work_folder(work.kind, work.name, work.attempt)
    )  # made when needed
    curves, seconds = _restore(worker, work, loop)
    pulse.begin(seconds)
    try:
        state, seconds = _epochs(worker, work, loop, work_folder, curves, seconds)
    except _Late as late:
        if not curves:
            message = "the time of the search was over before the first epoch ended."
            raise TrialFailure("timeout", message) from None
        state, seconds = "stopped", late.seconds
    loop.load_best()
    done = Done(
        state,
        n_epochs=len(curves.get("train_loss", [])),
        best_epoch=loop.best_epoch,
        curves=curves,
        n_parameters=n_parameters,
        peak_memory_bytes=training.peak_memory_bytes(worker.device),
        train_seconds=seconds,
        work_folder=work_folder,
    )
    return judged(worker, work, network, loop.best_scores, done, keep_from)


def _epochs(
    worker: Worker,
    work: Assignment,
    loop: Any,
    work_folder: Callable[[], WorkFolder],
    curves: dict[str, list[float]],
    before: float,
) -> tuple[State, float]:
    """Trains epoch by epoch while the study says so, and adds to `curves`: (state, seconds of training)."""
    limit = worker.search.spec.resources.trial_time
    primary = catalog.metric(worker.search.objectives[0].name)
    began = saved = heard = time.perf_counter()
    for epoch in loop.epochs():
        curves.setdefault("train_loss", []).append(epoch.train_loss)
        for name, score in epoch.scores.items():
            curves.setdefault(name, []).append(score)
        now = time.perf_counter()
        seconds = before + now - began
        if not np.isfinite(epoch.scores.get(primary.name, np.nan)):
            raise TrialFailure(
                "diverged", f"{primary.name} was not a finite number after epoch {epoch.number}."
            )
        preempted = worker.preempted.is_set()
        if preempted:  # before anything else: there is little time, and the study may be going too
            _save(worker, work, loop, work_folder(), curves, seconds)
        decision: Decision = "go"
        if epoch.number in worker.search.rungs or now - heard > REPORT_SECONDS:
            best = (max if primary.goal == "max" else min)(curves[primary.name])
            decision = _report(worker, work, epoch.number, best)
            heard = now
        if preempted and decision != "stop":
            raise Paused
        if decision == "pause" or now - saved > CHECKPOINT_SECONDS:
            _save(worker, work, loop, work_folder(), curves, seconds)
            saved = now
        if decision == "pause":
            raise Paused
        if decision == "stop":
            return "stopped", before + time.perf_counter() - began
        if limit is not None and seconds > limit:
            raise _too_long(limit)
    if not curves:
        raise TrialFailure("error", "the training loop yielded no epoch.")
    return "complete", before + time.perf_counter() - began


def _save(
    worker: Worker,
    work: Assignment,
    loop: Any,
    folder: WorkFolder,
    curves: dict[str, list[float]],
    seconds: float,
) -> None:
    """Writes a checkpoint, from which the next attempt goes on."""
    tensors, values = loop.state()
    whole = {"of": _whose(worker, work), "loop": values, "curves": curves, "seconds": seconds}
    save_checkpoint(folder.local / "checkpoint", tensors, whole)
    folder.publish()


def _report(worker: Worker, work: Assignment, epoch: int, score: float) -> Decision:
    try:
        return worker.study.report(worker.name, work, epoch, score)
    except Exception as error:
        raise StudyLost from error


def _restore(worker: Worker, work: Assignment, loop: Any) -> tuple[dict[str, list[float]], float]:
    """Puts the newest whole checkpoint of earlier attempts into the loop, if there is one."""
    if work.micro_batches > 1:
        return {}, 0.0
    for place in worker.folder.latest_work_folders(work.kind, work.name):
        with (place / "checkpoint").fetched() as local:
            for tensors, values in whole_checkpoints(local):
                if _goes_on_from(worker, work, loop, tensors, values):
                    curves = {name: list(curve) for name, curve in values["curves"].items()}
                    return curves, float(values["seconds"])
    return {}, 0.0


def _goes_on_from(
    worker: Worker, work: Assignment, loop: Any, tensors: Mapping[str, Any], values: Mapping[str, Any]
) -> bool:
    """Puts a whole checkpoint into the loop, if it is this work's and fits it; the log says where not."""
    if values["loop"].get("own_loop"):
        return False
    whose = _whose(worker, work)
    if values.get("of") != whose:
        log.warning("bad_checkpoint: of %s, not of %s, and not used", values.get("of"), whose)
        return False
    try:
        loop.restore(tensors, values["loop"])
    except TrialFailure as failure:
        log.warning("%s: %s", failure.reason, failure.message)
        return False
    return True


def _whose(worker: Worker, work: Assignment) -> str:
    """What a checkpoint is of: with it, one that lies in another's folder is told apart."""
    return f"{worker.search.search_id}/{work.kind}/{work.name}"


def _start_from(network: torch.nn.Module, chosen: FamilyChoice) -> None:
    from safetensors.torch import load_file

    from automl import training

    assert chosen.weights is not None
    if file_hash(chosen.weights) != chosen.weights_hash:
        message = f"The starting weights {chosen.weights} are not those that the search began with."
        raise TrialFailure("bad_checkpoint", message)
    training.load_weights(network, load_file(chosen.weights))
