"""Finalists and baselines: their scores, and what they predicted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from automl.store.compaction import SORTED_BY
from benchmarks._million.layout import (
    BASELINES,
    FAMILIES,
    N_FINALISTS,
    N_SEEDS,
    N_TEST_ROWS,
    SPLIT,
    created_at,
    dataset,
    fingerprint,
    frame,
    search_id,
)

METRICS = {"accuracy": "max", "balanced_accuracy": "max", "log_loss": "min", "brier": "min"}


def finals(numbers: Sequence[int], rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of these searches in `scores` and in `predictions`, sorted as compaction sorts."""
    rows = list(_entries(numbers))
    chance = _chances(rows, rng)
    return _scores(rows, chance), _predictions(rows, chance)


def _entries(numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """One dictionary for each refit or baseline and split."""
    for number in numbers:
        name = search_id(number)
        shared = {"search_id": name, "attempt": 1, "fingerprint": fingerprint(number), "split_id": SPLIT}
        about = {"dataset": dataset(number), "ended_at": created_at(number)}
        for split in ("validation", "test"):
            of_all = {**shared, **about, "split": split}
            for place, baseline in enumerate(BASELINES):
                yield {
                    **of_all,
                    **{"entry": baseline, "kind": "baseline", "trial": None, "seed": 0, "family": baseline},
                    **{"n_epochs": 0, "n_parameters": None, "bundle": None, "skill": 0.36 - 0.12 * place},
                }
            for trial in range(N_FINALISTS):
                for seed in range(N_SEEDS):
                    yield {
                        **of_all,
                        **{"entry": f"{name}/{trial}", "kind": "refit", "trial": trial, "seed": 1000 + seed},
                        **{"family": FAMILIES[(number + trial) % len(FAMILIES)], "n_epochs": 60},
                        **{"n_parameters": 10_000 * (1 + (number + trial) % 40)},
                        "bundle": f"refits/{trial}-{seed}/1-00000000/bundle",
                        "skill": 0.3 + 0.002 * (number % 20) + 0.01 * trial,
                    }


def _chances(rows: list[dict[str, Any]], rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """For each entry and row, the probability that it gives to the second class."""
    skill = np.array([row["skill"] for row in rows])[:, None]
    leaning = np.where(_target() == 1, 0.5 + skill, 0.5 - skill)
    return np.clip(leaning + rng.normal(0, 0.25, leaning.shape), 0.01, 0.99).round(6)


def _target() -> np.ndarray[Any, Any]:
    return np.arange(N_TEST_ROWS) % 2


def _scores(rows: list[dict[str, Any]], chance: np.ndarray[Any, Any]) -> pl.DataFrame:
    target = _target()
    hits = (chance > 0.5) == target
    of_truth = np.where(target == 1, chance, 1 - chance)
    values = {
        "accuracy": hits.mean(1),
        "balanced_accuracy": (hits[:, target == 1].mean(1) + hits[:, target == 0].mean(1)) / 2,
        "log_loss": -np.log(of_truth).mean(1),
        "brier": (2 * (1 - of_truth) ** 2).mean(1),
    }
    shared = {
        **{"task": "classification", "n_rows": N_TEST_ROWS, "train_seconds": 90.0, "latency_ms": 0.5},
        **{"bundle_bytes": 400_000, "version": "0.1.0"},
    }
    columns = {name: [row[name] for row in rows] for name in rows[0] if name != "skill"}
    blocks = [
        frame(
            "scores",
            len(rows),
            {**shared, **columns, "metric": metric, "goal": goal, "score": values[metric]},
        )
        for metric, goal in METRICS.items()
    ]
    return pl.concat(blocks).sort(SORTED_BY["scores"])


def _predictions(rows: list[dict[str, Any]], chance: np.ndarray[Any, Any]) -> pl.DataFrame:
    n = len(rows)
    both = np.stack([1 - chance, chance], axis=2).reshape(n, -1)
    kept = ("search_id", "entry", "kind", "trial", "seed", "attempt", "fingerprint", "split_id", "split")
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in kept}
    lists = {
        "row": _lists(np.broadcast_to(np.arange(N_TEST_ROWS), (n, N_TEST_ROWS)), pl.Int64),
        "target": _lists(np.broadcast_to(_target().astype(float), (n, N_TEST_ROWS)), pl.Float64),
        "prediction": _lists(both, pl.Float64),
        "group": [[]] * n,
    }
    return frame("predictions", n, {**columns, **lists, "n_outputs": 2, "scales": "{}"}).sort(
        SORTED_BY["predictions"]
    )


def _lists(values: np.ndarray[Any, Any], dtype: type[pl.DataType]) -> pl.Series:
    return pl.Series(np.ascontiguousarray(values)).cast(pl.List(dtype))
