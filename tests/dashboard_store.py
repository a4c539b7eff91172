"""Small stores for the tests of the dashboard, written as tables at once."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import write_deltalake

from automl.store.rows import TABLES, EpochRow, PredictionRow, ScoreRow, SearchRow, TrialRow, schema

BEGIN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> **bold** [link](https://evil.example) :red[x] $x$"
FAMILIES = ("mlp", "resnet", "ft_transformer")
SPEC = json.dumps(
    {
        "name": "houses",
        "budget": {"trials": 200, "time": 7200.0, "gpu_hours": None, "cpu_hours": None},
        "resources": {"workers": 2, "gpus": 0.0, "cpus": 1.0},
        "finalists": {"top": 3, "seeds": 3},
    }
)
BLOCK = {"dataset": "houses", "fingerprint": "f" * 16, "split_id": "a" * 16}


def write(root: Path, rows: Iterable[Any]) -> Path:
    """A store whose tables hold these rows."""
    sorted_rows: dict[type, list[Any]] = {}
    for row in rows:
        sorted_rows.setdefault(type(row), []).append(row)
    for table, row_type in TABLES.items():
        frame = pl.DataFrame([asdict(row) for row in sorted_rows.get(row_type, [])], schema=schema(row_type))
        write_deltalake(root / "tables" / table, frame, mode="append")
    return root


def search(slug: str, state: str = "complete", **more: Any) -> SearchRow:
    values: dict[str, Any] = {
        **{"search_id": f"{slug}-0a1b2c3d", "name": slug, "state": state, "term": 1, **BLOCK},
        **{"task": "regression", "metric": "rmse", "goal": "min", "families": list(FAMILIES)},
        **{
            "created_at": BEGIN,
            "updated_at": BEGIN + timedelta(minutes=30),
            "spec": SPEC,
            "version": "0.1.0",
        },
    }
    return SearchRow(**(values | more))


def trial(search_id: str, number: int, state: str = "complete", **more: Any) -> TrialRow:
    chance = random.Random(number)
    score = 0.4 + 0.6 / (1 + number / 9) * chance.random()
    begin = BEGIN + timedelta(seconds=20 * number)
    reason = {"failed": "diverged"}.get(state)
    values: dict[str, Any] = {
        **{
            "search_id": search_id,
            "trial": number,
            "attempt": 1,
            "term": 1,
            "state": state,
            "reason": reason,
        },
        **{"message": "The loss is not a number." if reason else None, "origin": "sampler", "seed": number},
        **{"family": FAMILIES[number % 3], "configuration": "{}", "metric": "rmse", "goal": "min"},
        "parameters": '{"learning_rate":0.0013,"n_blocks":4,"activation":"gelu"}',
        **{"score": None if reason else score, "scores": "{}", "n_epochs": 9 if state == "stopped" else 27},
        **{"started_at": begin, "ended_at": begin + timedelta(seconds=30 + 60 * chance.random())},
        **{"train_seconds": 20 + 40 * chance.random(), "n_parameters": chance.randrange(10_000, 900_000)},
        **{"worker": "w0", "device": "cpu", "version": "0.1.0"},
    }
    return TrialRow(**(values | more))


def epochs(row: TrialRow, metric: str = "rmse") -> list[EpochRow]:
    if row.score is None:
        return []
    pace = 2 + random.Random(row.trial).random() * 9
    values = [row.score + math.exp(-(epoch + 1) / pace) for epoch in range(row.n_epochs)]
    place = {"search_id": row.search_id, "trial": row.trial, "attempt": row.attempt, "metric": metric}
    return [EpochRow(**place, epoch=i, value=value) for i, value in enumerate(values, start=1)]


def whole_search(name: str, n_trials: int, **more: Any) -> list[Any]:
    """A search with its trials and their curves."""
    states = ["complete", "stopped", "complete", "stopped", "failed", "complete", "stopped"]
    rows = [trial(f"{name}-0a1b2c3d", number, states[number % 7]) for number in range(n_trials)]
    best = min((row for row in rows if row.state == "complete"), key=lambda row: row.score or 9.0)
    counts = {f"n_{state}": sum(row.state == state for row in rows) for state in set(states)}
    summary = {
        "n_trials": n_trials,
        "n_planned": 2 * n_trials,
        "best_trial": best.trial,
        "best_score": best.score,
    }
    head = search(name, train_seconds=sum(row.train_seconds for row in rows), **counts, **(summary | more))
    return [head, *rows, *(epoch for row in rows for epoch in epochs(row))]


def entry(name: str, error: float, n_seeds: int = 3, n_rows: int = 200, **more: Any) -> list[Any]:
    """Scores and test predictions of one entry of a board; ``search/trial`` is a network."""
    search_id, _, number = name.partition("/")
    kind, trial_number = ("refit", int(number)) if number else ("baseline", None)
    rows: list[Any] = []
    for seed in range(n_seeds if number else 1):
        chance = random.Random(f"{name}{seed}")
        target = [math.sin(i) for i in range(n_rows)]
        predicted = [value + error * chance.gauss(0, 1) for value in target]
        rmse = math.sqrt(sum((a - b) ** 2 for a, b in zip(target, predicted, strict=True)) / n_rows)
        shared = {"search_id": search_id if number else "houses-0a1b2c3d", "entry": name, "kind": kind} | {
            **{"trial": trial_number, "seed": seed, "attempt": 1, "fingerprint": BLOCK["fingerprint"]},
            "split_id": BLOCK["split_id"],
        }
        score = ScoreRow(
            **(shared | {"family": "mlp" if number else name, "dataset": "houses", "task": "regression"}),
            **{
                "split": "test",
                "metric": "rmse",
                "goal": "min",
                "score": rmse,
                "n_rows": n_rows,
                "n_epochs": 20,
            },
            **{"n_parameters": 20_000 if number else None, "train_seconds": 12.5, "latency_ms": 0.4},
            **{"bundle": f"refits/{number}-{seed}/1-0a1b2c3d/bundle" if number else None},
            **{"ended_at": BEGIN, "version": "0.1.0"},
        )
        score = replace(score, **more)
        rows += [score, replace(score, split="validation")]
        lists = {"row": list(range(n_rows)), "target": target, "prediction": predicted, "group": []}
        rows.append(PredictionRow(**shared, split="test", n_outputs=1, **lists))
    return rows


def example(root: Path) -> Path:
    """A store with searches in every state, one with a hostile name, and a board with baselines."""
    rows = [
        *whole_search("houses", 240),
        *whole_search("taxi", 40, state="running", dataset="taxi", updated_at=BEGIN + timedelta(hours=1)),
        search("planes", "failed", reason="storage", message="The disk is full.", dataset="planes"),
        search("queued-one", "queued", n_planned=50, dataset="taxi"),
        search("halted", "stopped", reason="cancelled", n_trials=12, n_complete=12, n_planned=60),
        search(
            "evil",
            "failed",
            search_id=HOSTILE,
            name=HOSTILE,
            dataset=HOSTILE,
            reason="error",
            message=HOSTILE,
        ),
        *entry("houses-0a1b2c3d/17", 0.30),
        *entry("houses-0a1b2c3d/64", 0.31),
        *entry("houses-0a1b2c3d/101", 0.42),
        *entry("gradient_boosting", 0.27),
        *entry("linear", 0.55),
        *entry("constant", 0.8),
    ]
    return write(root, rows)
