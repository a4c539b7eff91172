"""What a worker writes down: the record of an attempt, and what the study is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl import catalog
from automl.errors import TrialFailure
from automl.execution.judging import Done, measured_scores
from automl.resolve import space_of_values
from automl.resolved import Search
from automl.store import PredictionFile, Record, write_predictions
from automl.store.rows import PredictionRow, ScoreRow, TrialRow
from automl.study import Assignment, Result

if TYPE_CHECKING:
    from automl.execution.worker import Worker

VERSION = version("automl")


def record_of(worker: Worker, work: Assignment, done: Done, started: datetime) -> Record:
    """The record of an attempt that ended without failing; its predictions are written beside it."""
    ended = datetime.now(UTC)
    predictions: Sequence[PredictionFile] = ()
    folder = done.work_folder() if done.work_folder and (done.bundle or done.predictions) else None
    if folder is not None:
        if done.predictions:
            predictions = write_predictions(folder, list(_prediction_rows(worker, work, done)))
        folder.publish()
    return Record(
        kind=work.kind,
        name=work.name,
        attempt=work.attempt,
        term=worker.term,
        folder=None if folder is None else worker.folder.relative(folder.place),
        trial=_trial_row(worker, work, done, started, ended) if work.kind == "trial" else None,
        epochs=dict(done.curves) if work.kind == "trial" else {},
        scores=[] if work.kind == "trial" else list(_score_rows(worker, work, done, ended)),
        predictions=predictions,
        state=done.state,
        seconds=done.train_seconds,
    )


def failed_record(
    search: Search,
    work: Assignment,
    term: int,
    failure: TrialFailure,
    started: datetime,
    seconds: float = 0.0,
    worker: str = "",
) -> Record:
    """The record of an attempt that failed.

    Args:
        worker: its name; none where it is gone.
    """
    message = failure.message[:2000]
    row = None
    if work.kind == "trial":
        row = TrialRow(
            **_identity(search, work, term),
            state="failed",
            reason=failure.reason,
            message=message,
            scores="{}",
            n_epochs=0,
            started_at=started,
            ended_at=datetime.now(UTC),
            train_seconds=seconds,
            worker=worker,
            device=search.device,
        )
    return Record(
        kind=work.kind,
        name=work.name,
        attempt=work.attempt,
        term=term,
        folder=None,
        trial=row,
        epochs={},
        state="failed",
        reason=failure.reason,
        message=message,
        seconds=seconds,
    )


def result_of(record: Record) -> Result:
    """What the study is told of an attempt, taken from its record alone."""
    trial = record.trial
    if trial is None:
        return Result(state=record.state, reason=record.reason, seconds=record.seconds)
    return Result(
        state=record.state,
        scores=json.loads(trial.scores),
        reason=record.reason,
        n_epochs=trial.n_epochs,
        seconds=record.seconds,
        feasible=trial.feasible,
    )


def _identity(search: Search, work: Assignment, term: int) -> dict[str, Any]:
    objective = search.objectives[0]
    return {
        "search_id": search.search_id,
        "trial": work.trial,
        "attempt": work.attempt,
        "term": term,
        "family": work.family,
        "origin": work.origin,
        "configuration": json.dumps(work.configuration, sort_keys=True),
        "parameters": json.dumps(space_of_values(search, work.family, work.configuration)),
        "seed": work.seed,
        "metric": objective.name,
        "goal": objective.goal,
        "micro_batches": work.micro_batches,
        "version": VERSION,
    }


def _trial_row(worker: Worker, work: Assignment, done: Done, started: datetime, ended: datetime) -> TrialRow:
    primary = worker.search.objectives[0].name
    scores = measured_scores(done)
    return TrialRow(
        **_identity(worker.search, work, worker.term),
        state=done.state,
        score=scores.get(primary),
        scores=json.dumps(scores),
        feasible=done.feasible,
        n_epochs=done.n_epochs,
        best_epoch=done.best_epoch,
        n_parameters=done.n_parameters,
        started_at=started,
        ended_at=ended,
        train_seconds=done.train_seconds,
        latency_ms=done.latency_ms,
        peak_memory_bytes=done.peak_memory_bytes,
        worker=worker.name,
        device=worker.device,
        bundle=_bundle_name(worker, done),
        bundle_bytes=_size(done.bundle),
    )


def _entry(worker: Worker, work: Assignment) -> dict[str, Any]:
    name = work.name if work.kind == "baseline" else f"{worker.search.search_id}/{work.trial}"
    return {
        "search_id": worker.search.search_id,
        "entry": name,
        "kind": work.kind,
        "trial": work.trial,
        "seed": work.seed,
        "attempt": work.attempt,
        "fingerprint": worker.search.fingerprint,
        "split_id": worker.search.split_id,
    }


def _score_rows(worker: Worker, work: Assignment, done: Done, ended: datetime) -> Iterator[ScoreRow]:
    for split, scores in done.scores.items():
        for name, score in scores.items():
            yield ScoreRow(
                **_entry(worker, work),
                family=work.family or work.name,
                dataset=worker.search.dataset,
                task=worker.search.task.kind,
                split=split,
                metric=name,
                goal=catalog.metric(name).goal,
                score=score,
                n_rows=len(done.predictions[split][0]),
                n_epochs=done.n_epochs,
                n_parameters=done.n_parameters,
                train_seconds=done.train_seconds,
                latency_ms=done.latency_ms,
                bundle=_bundle_name(worker, done),
                bundle_bytes=_size(done.bundle),
                ended_at=ended,
                version=VERSION,
            )


def _prediction_rows(worker: Worker, work: Assignment, done: Done) -> Iterator[PredictionRow]:
    for split, (rows, prediction) in done.predictions.items():
        yield PredictionRow(
            **_entry(worker, work),
            split=split,
            n_outputs=1 if prediction.ndim == 1 else prediction.shape[1],
            row=rows.index.tolist(),
            target=rows.target.astype(np.float64).ravel().tolist(),
            scales=json.dumps(worker.search.task.scales),
            prediction=np.asarray(prediction, np.float64).ravel().tolist(),
            group=[] if rows.groups is None else rows.groups.tolist(),
        )


def _bundle_name(worker: Worker, done: Done) -> str | None:
    """Where the bundle lies in the search's folder."""
    if done.bundle is None:
        return None
    assert done.work_folder is not None
    return f"{worker.folder.relative(done.work_folder().place)}/{done.bundle.name}"


def _size(path: Path | None) -> int | None:
    return None if path is None else sum(file.stat().st_size for file in path.iterdir())
