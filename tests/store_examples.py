"""Rows and records to test the store with."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from automl.store import Record, SearchFolder, open_store, write_predictions
from automl.store.fold import Fold
from automl.store.rows import PredictionRow, ScoreRow, SearchRow, TrialRow

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
SEARCH = "houses-1a2b3c4d"


def trial_row(number: int, search_id: str = SEARCH, **changes: Any) -> TrialRow:
    values: dict[str, Any] = {
        "search_id": search_id,
        "trial": number,
        "attempt": 1,
        "term": 1,
        "state": "complete",
        "family": "mlp",
        "origin": "sampler",
        "configuration": "{}",
        "parameters": "{}",
        "seed": number,
        "metric": "rmse",
        "goal": "min",
        "score": float(number),
        "scores": f'{{"rmse": {number}.0}}',
        "n_epochs": 2,
        "started_at": NOW,
        "ended_at": NOW,
        "train_seconds": 1.5,
        "worker": "w0",
        "device": "cpu",
        "version": "0.1.0",
    }
    return TrialRow(**(values | changes))


def trial_record(number: int, search_id: str = SEARCH, **changes: Any) -> Record:
    attempt = changes.get("attempt", 1)
    return Record(
        kind="trial",
        name=str(number),
        attempt=attempt,
        term=1,
        trial=trial_row(number, search_id, **changes),
        epochs={"train_loss": [2.0, 1.0], "rmse": [3.0, None]},
    )


def score_row(entry: str, seed: int, score: float, split: str = "test", **changes: Any) -> ScoreRow:
    values: dict[str, Any] = {
        "search_id": SEARCH,
        "entry": entry,
        "kind": "refit" if "/" in entry else "baseline",
        "trial": int(entry.split("/")[1]) if "/" in entry else None,
        "seed": seed,
        "attempt": 1,
        "family": "mlp",
        "dataset": "houses",
        "fingerprint": "f0",
        "split_id": "s0",
        "task": "regression",
        "split": split,
        "metric": "mae",
        "goal": "min",
        "score": score,
        "n_rows": 4,
        "n_epochs": 2,
        "train_seconds": 1.0,
        "bundle": f"{entry}/{seed}/bundle",
        "ended_at": NOW,
        "version": "0.1.0",
    }
    return ScoreRow(**(values | changes))


def prediction_row(
    entry: str, seed: int, prediction: list[float], target: list[float], **changes: Any
) -> Any:
    values: dict[str, Any] = {
        "search_id": SEARCH,
        "entry": entry,
        "kind": "refit" if "/" in entry else "baseline",
        "trial": int(entry.split("/")[1]) if "/" in entry else None,
        "seed": seed,
        "attempt": 1,
        "fingerprint": "f0",
        "split_id": "s0",
        "split": "test",
        "n_outputs": len(prediction) // len(target),
        "row": list(range(len(target))),
        "target": target,
        "prediction": prediction,
        "group": [],
    }
    return PredictionRow(**(values | changes))


def write_refit(folder: SearchFolder, trial: int, index: int, prediction: list[float]) -> None:
    """A refit with its predictions on the target 0, 0, ...; its score is the mean absolute error."""
    work = folder.work_folder("refit", f"{trial}-{index}", 1)
    entry, target = f"{folder.search_id}/{trial}", [0.0] * len(prediction)
    error = sum(map(abs, prediction)) / len(prediction)
    of = {"search_id": folder.search_id}
    splits = ("validation", "test")
    files = write_predictions(
        work, [prediction_row(entry, index, prediction, target, split=split, **of) for split in splits]
    )
    work.publish()
    folder.write_record(
        Record(
            kind="refit",
            name=f"{trial}-{index}",
            attempt=1,
            term=1,
            folder=folder.relative(work.place),
            scores=[score_row(entry, index, error, split, **of) for split in splits],
            predictions=files,
        )
    )


def search_row(search_id: str = SEARCH, **changes: Any) -> SearchRow:
    values: dict[str, Any] = {
        "search_id": search_id,
        "name": "houses",
        "state": "running",
        "term": 1,
        "dataset": "houses",
        "fingerprint": "f0",
        "split_id": "s0",
        "task": "regression",
        "metric": "mae",
        "goal": "min",
        "families": ["mlp"],
        "created_at": NOW,
        "updated_at": NOW,
        "spec": "name: houses",
        "version": "0.1.0",
    }
    return SearchRow(**(values | changes))


def fold_here(location: str, search_id: str, rounds: int = 1) -> None:
    """What a folding process does; for spawned ones."""
    store = open_store(location)
    fold = Fold(store, store.search(search_id), 1)
    for _ in range(rounds):
        fold.fold()
        fold.update_search(search_row(search_id))


def record_here(location: str, search_id: str, first: int, last: int) -> None:
    """What a worker does; for spawned ones."""
    folder = open_store(location).search(search_id)
    for number in range(first, last):
        folder.write_record(trial_record(number, search_id))


def limited_to(n_bytes: int, location: Path) -> None:
    """From here on, files of this process cannot grow beyond so many bytes: a disk that is full."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
    os.chdir(location)
