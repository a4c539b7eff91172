"""A store of many trials, made up from a seed: 1,000 searches over 50 data sets, with their finalists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from automl.store import Store, open_store
from automl.store.delta import append, open_or_create, table_schema
from automl.store.tables import compact

N_SEARCHES, N_DATASETS, N_FINALISTS, N_SEEDS, N_TEST_ROWS = 1000, 50, 3, 3, 400
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def search_id(number: int) -> str:
    return f"search-{number:04d}-{number * 2654435761 % 2**32:08x}"


def dataset(number: int) -> str:
    return f"data-{number % N_DATASETS:02d}"


def build(folder: Path, n_trials: int) -> Store:
    """The store in this folder; made and compacted when it is not there yet."""
    store = open_store(folder, create=True)
    done = folder / "done"
    if not done.exists():
        random = np.random.default_rng(0)
        numbers = np.arange(N_SEARCHES)
        random.shuffle(numbers)
        each = n_trials // N_SEARCHES
        for part, some in enumerate(np.array_split(numbers, 20)):  # searches fold in no order
            append(open_or_create(store, "trials"), _trials(some, each, random), "build/trials", part)
            append(open_or_create(store, "scores"), _scores(some, random), "build/scores", part)
            append(
                open_or_create(store, "predictions"), _predictions(some, random), "build/predictions", part
            )
        append(open_or_create(store, "searches"), _searches(), "build/searches", 0)
        compact(store)
        rows = pl.scan_delta(str(store.table_path("trials"))).sort("search_id", "trial")
        rows.sink_parquet(folder / "trials.parquet", row_group_size=20_000)
        done.touch()
    return store


def _frame(table: str, n: int, columns: dict[str, Any]) -> pl.DataFrame:
    """Columns of one table; what is left out is null, and a single value stands in every row."""
    schema = table_schema(table)
    whole = {name: columns.get(name) for name in schema} | {"schema_version": 1, "version": "0.1.0"}
    series = [
        pl.Series(name, value, dtype=schema[name], strict=False)
        if isinstance(value, np.ndarray | list)
        else pl.repeat(value, n, dtype=schema[name], eager=True).alias(name)
        for name, value in whole.items()
    ]
    return pl.DataFrame(series)


def _trials(numbers: np.ndarray[Any, Any], each: int, random: np.random.Generator) -> pl.DataFrame:
    n = len(numbers) * each
    rates = np.round(random.uniform(-5, -1, n), 6)
    parameters = [f'{{"learning_rate": {10**rate:.3e}, "depth": {i % 8}, "width": {i % 512}}}'
                  for i, rate in enumerate(rates)]  # fmt: skip
    state = random.choice(["complete", "stopped", "failed"], n, p=[0.4, 0.55, 0.05])
    score = random.beta(8, 2, n)
    minutes = random.integers(0, 500_000, n)
    started = (np.datetime64("2026-01-01") + minutes.astype("timedelta64[m]")).astype("datetime64[us]")
    columns = {
        "search_id": np.repeat([search_id(int(i)) for i in numbers], each).tolist(),
        "trial": np.tile(np.arange(each), len(numbers)),
        "attempt": 1,
        "term": 1,
        "state": state.tolist(),
        "family": random.choice(["mlp", "resnet", "ft_transformer"], n).tolist(),
        "origin": "sampler",
        "configuration": parameters,
        "parameters": parameters,
        "seed": random.integers(0, 2**31, n),
        "metric": "accuracy",
        "goal": "max",
        "score": np.where(state == "failed", np.nan, score),
        "scores": [f'{{"accuracy": {value:.6f}}}' for value in score],
        "feasible": True,
        "n_epochs": random.integers(1, 100, n),
        "n_parameters": random.integers(1000, 10**6, n),
        "micro_batches": 1,
        "train_seconds": random.exponential(30, n),
        "worker": "worker-0",
        "device": "cpu",
        "bundle_removed": True,
    }
    frame = _frame("trials", n, columns)
    return frame.with_columns(
        pl.Series("started_at", started).dt.replace_time_zone("UTC"),
        pl.Series("ended_at", started).dt.replace_time_zone("UTC"),
    )


def _searches() -> pl.DataFrame:
    ids = [search_id(i) for i in range(N_SEARCHES)]
    columns = {
        "search_id": ids,
        "name": ids,
        "state": "complete",
        "term": 1,
        "dataset": [dataset(i) for i in range(N_SEARCHES)],
        "fingerprint": [dataset(i) for i in range(N_SEARCHES)],
        "split_id": "split",
        "task": "classification",
        "metric": "accuracy",
        "goal": "max",
        "families": [["mlp", "resnet"]] * N_SEARCHES,
        "created_at": [BEGIN + timedelta(hours=i) for i in range(N_SEARCHES)],
        "updated_at": [BEGIN + timedelta(hours=i + 1) for i in range(N_SEARCHES)],
        "spec": "{}",
    }
    return _frame("searches", N_SEARCHES, columns)


def _finals(numbers: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    """One dictionary for each refit and split: what scores and predictions have in common."""
    return [
        {
            "schema_version": 1,
            "search_id": search_id(int(number)),
            "entry": f"{search_id(int(number))}/{trial}",
            "kind": "refit",
            "trial": trial,
            "seed": seed,
            "attempt": 1,
            "fingerprint": dataset(int(number)),
            "split_id": "split",
            "split": split,
        }
        for number in numbers
        for trial in range(N_FINALISTS)
        for seed in range(N_SEEDS)
        for split in ("validation", "test")
    ]


def _scores(numbers: np.ndarray[Any, Any], random: np.random.Generator) -> pl.DataFrame:
    more = {"family": "mlp", "task": "classification", "goal": "max", "n_rows": N_TEST_ROWS, "n_epochs": 9,
            "train_seconds": 9.0, "ended_at": BEGIN, "version": "0.1.0"}  # fmt: skip
    rows = [
        row | more | {"dataset": row["fingerprint"], "metric": metric, "score": random.uniform(0.7, 0.8)}
        for row in _finals(numbers)
        for metric in ("accuracy", "log_loss")
    ]
    return pl.DataFrame(rows, schema=table_schema("scores"))


def _predictions(numbers: np.ndarray[Any, Any], random: np.random.Generator) -> pl.DataFrame:
    index = list(range(N_TEST_ROWS))
    target = np.arange(N_TEST_ROWS) % 2
    rows = []
    for row in _finals(numbers):
        chance = np.clip(target * 0.3 + random.uniform(0, 0.7, N_TEST_ROWS), 0, 1).round(4)
        both = np.column_stack([1 - chance, chance]).ravel()
        more = {"n_outputs": 2, "row": index, "target": target.astype(float).tolist()}
        rows.append(row | more | {"prediction": both.tolist(), "group": []})
    return pl.DataFrame(rows, schema=table_schema("predictions"))
