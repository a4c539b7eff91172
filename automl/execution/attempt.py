"""One attempt: a baseline, a trial or a refit, from its assignment to what is to be recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from automl import catalog
from automl.checkpoint import load_checkpoint, save_checkpoint
from automl.errors import TrialFailure
from automl.execution.judging import Done, allows, compared, judge, judged, median_ms, metrics
from automl.family import TrainingRun
from automl.study import Assignment
from automl.study.plan import Decision, State

if TYPE_CHECKING:
    import torch

    from automl.execution.worker import Worker
    from automl.store import WorkFolder

CHECKPOINT_SECONDS = 20.0  # a lost worker costs at most about so much work
REPORT_SECONDS = 0.5  # the study hears of an attempt at rungs, and at least so often
PULSE_SECONDS = 5.0  # and so often within an epoch that takes long
GRACE_SECONDS = 10.0  # an attempt that is to pause goes on for so long to the end of its epoch


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
    predict = baseline.fit(data.train, data.signature, data.task, work.seed)
    seconds = time.perf_counter() - began
    scores, predictions = {}, {}
    for split, rows in (("validation", data.validation), ("test", data.test)):
        prediction = compared(worker, predict(rows.inputs))
        predictions[split] = (rows, prediction)
        scores[split] = judge(worker, rows, prediction)
    first = {name: values[:1] for name, values in data.validation.inputs.items()}
    return Done(
        "complete",
        scores=scores,
        predictions=predictions,
        train_seconds=seconds,
        latency_ms=median_ms(lambda: predict(first)),
        work_folder=cache(lambda: worker.folder.work_folder(work.kind, work.name, work.attempt)),
    )


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
        _start_from(network, chosen.weights)
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
        decision: Decision = "go"
        if epoch.number in worker.search.rungs or now - heard > REPORT_SECONDS:
            best = (max if primary.goal == "max" else min)(curves[primary.name])
            decision = _report(worker, work, epoch.number, best)
            heard = now
        if decision == "pause" or now - saved > CHECKPOINT_SECONDS:
            tensors, values = loop.state()
            whole = {"loop": values, "curves": curves, "seconds": seconds}
            save_checkpoint(work_folder().local / "checkpoint", tensors, whole)
            work_folder().publish()
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
            found = load_checkpoint(local)
        if found is not None and not found[1]["loop"].get("own_loop"):
            tensors, values = found
            loop.restore(tensors, values["loop"])
            return {name: list(curve) for name, curve in values["curves"].items()}, float(values["seconds"])
    return {}, 0.0


def _start_from(network: torch.nn.Module, weights: str) -> None:
    from safetensors.torch import load_file

    from automl import training

    training.load_weights(network, load_file(weights))
