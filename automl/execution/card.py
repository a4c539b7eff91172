"""What the model card of a bundle says of where it comes from and how well it does."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl import catalog
from automl.intervals import Judged, intervals, replicate, within_bounds
from automl.store import SearchFolder
from automl.study import Assignment

if TYPE_CHECKING:
    from automl.execution.judging import Done
    from automl.execution.worker import Worker

_VERSIONS = {name: version(name) for name in ("automl", "torch", "numpy")}


def bundle_details(worker: Worker, work: Assignment, done: Done) -> dict[str, Any]:
    """Everything that the card says beyond the model itself, as plain data."""
    search, data = worker.search, worker.prepared
    chosen = search.family(work.family)
    primary = search.objectives[0]
    return {
        "search_id": search.search_id,
        "trial": work.trial,
        "kind": work.kind,
        "name": work.name,
        "seed": work.seed,
        "n_epochs": done.n_epochs,
        "best_epoch": done.best_epoch,
        "metric": primary.name,
        "goal": primary.goal,
        "scores": {split: dict(scores) for split, scores in done.scores.items()},
        "intervals": _intervals(worker, done),
        "baselines": _baselines(worker.folder, primary.name) if done.predictions else {},
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
        "versions": dict(_VERSIONS),
    }


def _intervals(worker: Worker, done: Done) -> dict[str, dict[str, list[float]]]:
    """The 95 % interval of each test score of this one network, over test rows or their groups."""
    if "test" not in done.predictions:
        return {}
    rows, prediction = done.predictions["test"]
    found = {}
    for metric in catalog.metrics_for(worker.prepared.task):
        replicates = replicate([Judged(rows.target, [prediction])], metric, rows.groups)
        if replicates.row_freedom == 0:
            continue
        low, high = intervals(np.array([done.scores["test"][metric.name]]), replicates)
        ends = within_bounds(low, high, metric, replicates.row_freedom + 1)
        found[metric.name] = [float(end[0]) for end in ends]
    return {"test": found}


def _baselines(folder: SearchFolder, metric: str) -> dict[str, dict[str, float]]:
    """The test scores of the baselines that have ended, by name."""
    records = (folder.record(*key) for key in folder.record_keys() if key[0] == "baseline")
    return {
        record.name: {
            row.metric: row.score for row in record.scores if row.split == "test" and row.metric == metric
        }
        for record in records
        if record is not None and record.state == "complete"
    }
