"""Folds of the running search, as the driver of a search makes one every few seconds."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from automl.store import Store
from automl.store.delta import append, open_or_create, scan
from automl.store.fold import update_searches
from automl.store.rows import SearchRow
from automl.store.tables import maybe_compact
from benchmarks._million.layout import RUNNING, search_id
from benchmarks._million.trials import epochs


def fold(store: Store, rows: pl.DataFrame, rng: np.random.Generator) -> None:
    """Trials of the running search become rows of the tables, in two commits as a fold makes them."""
    for table, new in (("epochs", epochs(rows, rng)), ("trials", rows)):
        handle, name = open_or_create(store, table), f"{search_id(RUNNING)}/{table}"
        append(handle, new, name, (handle.transaction_version(name) or 0) + 1)


def fold_one(store: Store) -> None:
    """One more trial of the running search stands in the tables: whatever was kept of them is out of date."""
    running = search_id(RUNNING)
    last = scan(store, "trials").filter(search_id=running).sort("trial").tail(1).collect()
    now = datetime.now(UTC)
    fold(
        store,
        last.with_columns(pl.col("trial") + 1, started_at=pl.col("ended_at"), ended_at=pl.lit(now)),
        np.random.default_rng(last["trial"].item()),
    )
    row = scan(store, "searches").filter(search_id=running).collect().row(0, named=True)
    more = {name: row[name] + 1 for name in ("n_trials", "n_complete")}
    update_searches(store, [SearchRow(**{**row, **more, "updated_at": now})])
    maybe_compact(store)
