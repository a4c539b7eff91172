"""What is found out of a model once it is trained: scores, costs, and whether its bundle is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl import catalog
from automl.resolved import COSTS
from automl.study import Assignment
from automl.study.plan import State
from automl.task import Array, Rows

if TYPE_CHECKING:
    import torch

    from automl.execution.worker import Worker

VERSIONS = {name: version(name) for name in ("automl", "torch", "numpy")}
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

    data = worker.prepared
    changes: dict[str, Any] = {"scores": {"validation": dict(scores)}}
    if done.state == "complete":
        first = {name: values[:1] for name, values in data.validation.inputs.items()}
        changes["latency_ms"] = median_ms(
            lambda: training.predict(network, first, data.task, data.target_scale, worker.device)
        )
    if work.kind == "refit":
        predictions, judged = {}, {}
        for split, rows in (("validation", data.validation), ("test", data.test)):
            prediction = training.predict(network, rows.inputs, data.task, data.target_scale, worker.device)
            predictions[split], judged[split] = (rows, prediction), judge(worker, rows, prediction)
        changes |= {"scores": judged, "predictions": predictions}
    done = replace(done, **changes)
    measured = measured_scores(done)
    done = replace(done, feasible=allows(worker.search, measured))
    primary = catalog.metric(worker.search.objectives[0].name)
    among_best = keep_from is None or primary.better(measured[primary.name], keep_from)
    keep = work.kind == "refit" or (done.state == "complete" and done.feasible and among_best)
    return replace(done, bundle=_bundle(worker, work, network, done)) if keep else done


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
        details=_bundle_details(worker, work, done),
    )
    bundle.verify(folder)
    return folder


def _bundle_details(worker: Worker, work: Assignment, done: Done) -> dict[str, Any]:
    """What the model card says beyond the model itself."""
    search, data = worker.search, worker.prepared
    chosen = search.family(work.family)
    return {
        "search_id": search.search_id,
        "trial": work.trial,
        "kind": work.kind,
        "name": work.name,
        "seed": work.seed,
        "n_epochs": done.n_epochs,
        "best_epoch": done.best_epoch,
        "metric": search.objectives[0].name,
        "goal": search.objectives[0].goal,
        "scores": {split: dict(scores) for split, scores in done.scores.items()},
        "data": {
            "name": search.dataset,
            "fingerprint": search.fingerprint,
            "split_id": search.split_id,
            "n_train": len(data.train),
            "n_validation": len(data.validation),
            "n_test": len(data.test),
            "notes": list(data.notes),
        },
        "n_parameters": done.n_parameters,
        "train_seconds": done.train_seconds,
        "latency_ms": done.latency_ms,
        "peak_memory_bytes": done.peak_memory_bytes,
        "device": worker.device,
        "starting_weights": Path(chosen.weights).name if chosen.weights else None,
        "versions": dict(VERSIONS),
        "costs": list(COSTS),
    }


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
