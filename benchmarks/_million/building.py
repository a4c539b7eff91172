"""Writes the whole store, a part of the searches at a time, so that memory stays bounded."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from deltalake import write_deltalake

from automl.resolved import Search
from automl.store import Store, open_store
from automl.store.compaction import TARGET_FILE_BYTES
from automl.store.delta import (
    open_or_create,
    open_table,
    scan,
    writer_properties,
)
from automl.store.rows import TABLES
from benchmarks._million.configurations import Sampled, planned, sampled
from benchmarks._million.finals import finals
from benchmarks._million.folding import fold
from benchmarks._million.layout import (
    BIG,
    N_FINALISTS,
    N_SEARCHES,
    N_SEEDS,
    RUNNING,
    SPLIT,
    created_at,
    dataset,
    fingerprint,
    frame,
    n_trials_of,
    search_id,
    state,
)
from benchmarks._million.trials import epochs, trials

TRIALS_AT_ONCE = 200_000  # with their curves some gigabytes of memory; one sorted file of each table
N_FOLDS = 40  # of the running search that stand in files of their own: compaction comes at 64
N_LOG_LINES = 2000


def build(folder: Path, n_trials: int) -> Store:
    """The store in this folder; made when it is not there yet, in some minutes for a million trials."""
    store = open_store(folder, create=True)
    done = folder / "done"
    if not done.exists():
        searches = _searches(n_trials)
        rng, configurations = np.random.default_rng(0), sampled(searches[0])
        rows = [_part(store, part, searches, n_trials, configurations, rng) for part in _parts(n_trials)]
        _write(store, "searches", pl.concat(rows))
        _scores(store, rng)
        for search in searches:
            store.create_search(search.search_id, search.to_plain())
        _logs(store)
        for table in TABLES:
            handle = open_table(store, table)
            assert handle is not None
            handle.create_checkpoint()
        done.touch()
    return store


def sorted_parquet(store: Store) -> Path:
    """All trials in one plain, sorted Parquet file."""
    file = Path(str(store.place)) / "trials.parquet"
    if not file.exists():
        part = file.with_suffix(".part")
        scan(store, "trials").sort("search_id", "trial").sink_parquet(part, row_group_size=20_000)
        part.rename(file)
    return file


def _parts(n_trials: int) -> list[list[int]]:
    """The numbers of the searches, in order, some trials at a time."""
    parts: list[list[int]] = [[]]
    held = 0
    for number in range(N_SEARCHES):
        parts[-1].append(number)
        held += n_trials_of(number, n_trials)
        if held >= TRIALS_AT_ONCE and number + 1 < N_SEARCHES:
            parts.append([])
            held = 0
    return parts


def _part(
    store: Store,
    numbers: list[int],
    searches: list[Search],
    n_trials: int,
    configurations: Sampled,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Writes the trials and curves of some searches; gives their rows in `searches`."""
    rows = trials(numbers, n_trials, configurations, rng)
    is_recent = (pl.col("search_id") == search_id(RUNNING)) & (
        pl.col("trial") >= n_trials_of(RUNNING, n_trials) // 2
    )
    whole, recent = rows.filter(~is_recent), rows.filter(is_recent)
    _write(store, "trials", whole)
    _write(store, "epochs", epochs(whole, rng))
    for place in np.array_split(np.arange(recent.height), N_FOLDS):
        if len(place):
            fold(store, recent[place], rng)
    return _summaries(rows, [searches[number] for number in numbers], numbers)


def _scores(store: Store, rng: np.random.Generator) -> None:
    by_fingerprint = sorted(range(N_SEARCHES), key=lambda number: (fingerprint(number), number))
    scores, predictions = finals(by_fingerprint, rng)
    _write(store, "scores", scores)
    _write(store, "predictions", predictions)


def _write(store: Store, table: str, rows: pl.DataFrame) -> None:
    """Append sorted rows in files of the sizes that compaction gives."""
    write_deltalake(
        open_or_create(store, table),
        rows,
        mode="append",
        schema_mode="merge",
        target_file_size=TARGET_FILE_BYTES,
        writer_properties=writer_properties(rows.schema),
    )


def _searches(n_trials: int) -> list[Search]:
    """Every search as the product resolves it; the big one has two objectives."""
    plain = planned(("accuracy",), n_trials_of(0, n_trials))
    big = planned(("accuracy", "latency_ms"), n_trials_of(BIG, n_trials))
    return [
        replace(
            big if number == BIG else plain,
            search_id=search_id(number),
            name=search_id(number).rpartition("-")[0],
            dataset=dataset(number),
            fingerprint=fingerprint(number),
            split_id=SPLIT,
        )
        for number in range(N_SEARCHES)
    ]


def _summaries(rows: pl.DataFrame, searches: list[Search], numbers: list[int]) -> pl.DataFrame:
    """One row of `searches` for each of them, with the counts of its trials."""
    is_complete = pl.col("state") == "complete"
    counted = rows.group_by("search_id", maintain_order=True).agg(
        pl.len().alias("n_trials"),
        *((pl.col("state") == name).sum().alias(f"n_{name}") for name in ("complete", "stopped", "failed")),
        pl.col("train_seconds").sum(),
        pl.col("score").filter(is_complete).max().alias("best_score"),
        pl.col("trial").sort_by("score").filter(is_complete.sort_by("score")).last().alias("best_trial"),
        pl.col("ended_at").max().alias("updated_at"),
    )
    states = [state(number) for number in numbers]
    n = len(numbers)
    columns: dict[str, Any] = {name: counted[name] for name in counted.columns} | {
        "name": [search.name for search in searches],
        "state": [one for one, _, _ in states],
        "reason": [one for _, one, _ in states],
        "message": [one for _, _, one in states],
        "term": 1,
        "dataset": [search.dataset for search in searches],
        "fingerprint": [search.fingerprint for search in searches],
        "split_id": SPLIT,
        "task": "classification",
        "metric": "accuracy",
        "goal": "max",
        "families": [[family.name for family in search.families] for search in searches],
        "n_refits": N_FINALISTS * N_SEEDS,
        "n_planned": counted["n_trials"] + pl.Series([500 * (number == RUNNING) for number in numbers]),
        "created_at": [created_at(number) for number in numbers],
        "spec": [json.dumps(search.spec.model_dump(mode="json"), sort_keys=True) for search in searches],
        "version": "0.1.0",
    }
    made = frame("searches", n, columns)
    updated = pl.col("updated_at") + timedelta(seconds=30)
    return made.with_columns(updated_at=updated, ended_at=pl.when(pl.col("state") != "running").then(updated))


def _logs(store: Store) -> None:
    """The log of the driver of the searches that are looked at most."""
    lines = [f"{created_at(RUNNING):%Y-%m-%d} INFO trial {i} has ended\n" for i in range(N_LOG_LINES)]
    for number in (BIG, RUNNING):
        place = store.search_place(search_id(number)) / "logs" / "driver.log"
        place.write_over("".join(lines).encode())
