"""Ready-made questions to the tables, for the command line and the dashboard.

Each reads one version of a table. Where a trial was tried more than once, its last attempt stands
for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from automl.errors import NotFoundError, nearest
from automl.store.delta import scan
from automl.store.store import Store


def searches(store: Store) -> pl.LazyFrame:
    """One row a search, the one that began last first."""
    return scan(store, "searches").sort("created_at", "search_id", descending=[True, False])


def search_row(store: Store, search_id: str) -> dict[str, Any]:
    """The row of one search: its state, its counts and its best trial so far.

    Raises:
        NotFoundError: the tables hold no such search.
    """
    found = scan(store, "searches").filter(search_id=search_id).collect()
    if found.height == 0:
        hint = nearest(search_id, store.search_ids())
        raise NotFoundError(f"There is no search {search_id!r} in the tables of {store}: {hint}")
    return found.row(0, named=True)


def trials(store: Store, search_id: str | None = None) -> pl.LazyFrame:
    """One row a trial, by number: of one search, or of all."""
    rows = scan(store, "trials")
    if search_id is not None:
        rows = rows.filter(search_id=search_id)
    return latest_attempts(rows, ("search_id", "trial")).sort("search_id", "trial")


def best(store: Store, search_id: str | None = None, n: int = 10, metric: str | None = None) -> pl.DataFrame:
    """The best complete and feasible trials, best first: of a search, or of all under one metric."""
    rows = scan(store, "trials")
    if search_id is not None:
        rows = rows.filter(search_id=search_id)
    if metric is not None:
        rows = rows.filter(metric=metric)
    columns = ("search_id", "trial", "attempt", "state", "feasible", "goal", "score")
    top = ranked(rows.select(columns)).head(n).select("search_id", "trial", "attempt").collect()
    found = rows.filter(  # only now the wide columns, of few rows
        pl.col("search_id").is_in(top["search_id"].unique().to_list()),
        pl.col("trial").is_in(top["trial"].unique().to_list()),
    )
    return ranked(found.join(top.lazy(), on=["search_id", "trial", "attempt"], how="semi")).collect()


def ranked(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The complete and feasible trials among these, the best first, whichever the goal.

    >>> rows = pl.LazyFrame({"trial": [0, 1], "state": "complete", "feasible": True, "goal": "min",
    ...                      "search_id": "s", "score": [0.5, 0.25]})
    >>> ranked(rows).collect()["trial"].to_list()
    [1, 0]
    """
    loss = pl.when(pl.col("goal") == "max").then(-pl.col("score")).otherwise(pl.col("score"))
    counted = rows.filter(pl.col("state") == "complete", pl.col("feasible"), pl.col("score").is_finite())
    return counted.sort(loss, "search_id", "trial")


def curves(store: Store, search_id: str, trials: Sequence[int] | None = None) -> pl.LazyFrame:
    """The learning curves of some trials of a search, or of all: trial, metric, epoch, value."""
    rows = scan(store, "epochs").filter(search_id=search_id)
    if trials is not None:
        rows = rows.filter(pl.col("trial").is_in(list(trials)))
    rows = latest_attempts(rows, ("search_id", "trial"))
    return rows.select("trial", "metric", "epoch", "value").sort("trial", "metric", "epoch")


def scores(store: Store, search_id: str | None = None) -> pl.LazyFrame:
    """The scores of refits and baselines, of one search or of all."""
    rows = scan(store, "scores")
    if search_id is not None:
        rows = rows.filter(search_id=search_id)
    return latest_attempts(rows, ("search_id", "entry", "seed"))


def failures(store: Store, search_id: str) -> pl.LazyFrame:
    """Why trials of a search failed: reason, how many, and one message of each."""
    failed = trials(store, search_id).filter(pl.col("state") == "failed")
    grouped = failed.group_by("reason").agg(pl.len().alias("n_trials"), pl.col("message").first())
    return grouped.sort("n_trials", "reason", descending=[True, False])


def latest_attempts(rows: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """Of the rows of each key, those of the last attempt."""
    return rows.filter(pl.col("attempt") == pl.col("attempt").max().over(keys))
