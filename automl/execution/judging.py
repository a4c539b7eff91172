"""What is found out of a model once it is trained: scores, costs, and whether its bundle is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl import catalog
from automl.execution.card import bundle_details
from automl.study import Assignment
from automl.study.plan import State
from automl.task import Array, Rows

if TYPE_CHECKING:
    import torch

    from automl.execution.worker import Worker

N_LATENCY_RUNS = 7


@dataclass(frozen=True)
class Done:
    """How an attempt ended, before it is a record.

    Args:
        curves: values after each epoch, by metric and ``train_loss``.
        scores: by split and metric; the test split only for refits and baselines.
        predictions: by split, for refits and baselines.
        folder: the attempt's own folder, made when it is first asked for.
    """

    state: State
    n_epochs: int = 0
    best_epoch: int | None = None
    curves: Mapping[str, list[float]] = field(default_factory=dict)
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    predictions: Mapping[str, tuple[Rows, Array]] = field(default_factory=dict)
    n_parameters: int | None = None
    latency_ms: float | None = None
    peak_memory_bytes: int | None = None
    train_seconds: float = 0.0
    feasible: bool = True
    folder: Callable[[], Path] | None = None
    bundle: Path | None = None


def judged(
    worker: Worker,
    work: Assignment,
    network: torch.nn.Module,
    scores: Mapping[str, float],
    done: Done,
    keep_from: float | None,
) -> Done:
    """Adds scores, latency and the bundle to a training that ended without failing."""
    from automl import training

    data, search = worker.prepared, worker.search
    changes: dict[str, Any] = {"scores": {"validation": dict(scores)}}
    if work.kind == "refit":
        predictions, found = {}, {}
        for split, rows in (("validation", data.validation), ("test", data.test)):
            prediction = training.predict(network, rows.inputs, data.task, data.target_scale, worker.device)
            predictions[split], found[split] = (rows, prediction), judge(worker, rows, prediction)
        changes |= {"scores": found, "predictions": predictions}
    done = replace(done, **changes)
    named = {one.name for one in search.objectives} | {one.name for one in search.constraints}
    if done.state == "complete" and "latency_ms" in named:
        done = replace(done, latency_ms=_latency_ms(worker, network))
    done = replace(done, feasible=allows(search, measured_scores(done)))
    primary = catalog.metric(search.objectives[0].name)
    among_best = keep_from is None or primary.better(measured_scores(done)[primary.name], keep_from)
    if not (work.kind == "refit" or (done.state == "complete" and done.feasible and among_best)):
        return done
    if done.latency_ms is None:
        done = replace(done, latency_ms=_latency_ms(worker, network))
    return replace(done, bundle=_bundle(worker, work, network, done))


def _latency_ms(worker: Worker, network: torch.nn.Module) -> float:
    """Milliseconds to predict one row."""
    from automl import training

    data = worker.prepared
    first = {name: values[:1] for name, values in data.validation.inputs.items()}
    return median_ms(lambda: training.predict(network, first, data.task, data.target_scale, worker.device))


def measured_scores(done: Done) -> dict[str, float]:
    """What objectives and constraints may name: validation scores, and costs that were measured."""
    costs = {
        "n_parameters": done.n_parameters,
        "latency_ms": done.latency_ms,
        "train_seconds": done.train_seconds,
    }
    known = {name: float(value) for name, value in costs.items() if value is not None}
    return {**done.scores.get("validation", {}), **known}


def _bundle(worker: Worker, work: Assignment, network: torch.nn.Module, done: Done) -> Path:
    from automl import bundle

    assert done.folder is not None
    folder = done.folder() / "bundle"
    chosen = worker.search.family(work.family)
    bundle.save(
        folder,
        network=network,
        family_name=work.family,
        file_family=chosen.file is not None,
        configuration=work.configuration,
        signature=worker.prepared.signature,
        task=worker.prepared.task,
        target_scale=worker.prepared.target_scale,
        preprocessing=worker.prepared.preprocessing,
        details=bundle_details(worker, work, done),
    )
    bundle.verify(folder)
    return folder


def metrics(worker: Worker) -> tuple[Any, ...]:
    """Every metric that judges the task, the primary objective first."""
    primary = worker.search.objectives[0].name
    found = catalog.metrics_for(worker.prepared.task)
    return tuple(sorted(found, key=lambda metric: metric.name != primary))


def judge(worker: Worker, rows: Rows, prediction: Array) -> dict[str, float]:
    return {m.name: float(m.compute(rows.target, prediction)) for m in metrics(worker)}


def allows(search: Any, measured: Mapping[str, float]) -> bool:
    return all(c.met(measured[c.name]) for c in search.constraints if c.name in measured)


def median_ms(call: Callable[[], object]) -> float:
    call()
    times = []
    for _ in range(N_LATENCY_RUNS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return float(np.median(times) * 1000)
