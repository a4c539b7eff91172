"""Searches: which there are, and how far each is."""

from __future__ import annotations

from typing import Any

import polars as pl

from automl.wording import number
from dashboard import words
from dashboard.kept import query
from dashboard.snapshot import Snapshot

MAX_SEARCHES = 1000


@query("searches")
def searches(snapshot: Snapshot, states: tuple[str, ...], contains: str) -> tuple[pl.DataFrame, int]:
    """The searches in these states whose id or data set contains a text, the last updated first.

    Args:
        states: none means all.

    Returns:
        At most `MAX_SEARCHES` of them, and how many there are.
    """
    rows = snapshot.scan("searches").select(pl.exclude("spec"))
    if states:
        rows = rows.filter(pl.col("state").is_in(states))
    if contains:
        places = (pl.col(name).str.to_lowercase() for name in ("search_id", "dataset"))
        rows = rows.filter(
            pl.any_horizontal(place.str.contains(contains.lower(), literal=True) for place in places)
        )
    found = rows.sort("updated_at", "search_id", descending=[True, False]).collect()
    return found.head(MAX_SEARCHES), found.height


@query("searches")
def overview(snapshot: Snapshot) -> pl.DataFrame:
    """How many searches there are by state and reason."""
    return snapshot.scan("searches").group_by("state", "reason").len("n").sort("state", "reason").collect()


@query("searches")
def search(snapshot: Snapshot, search_id: str) -> dict[str, Any] | None:
    found = snapshot.scan("searches").filter(search_id=search_id).collect()
    return found.row(0, named=True) if found.height else None


def searches_table(found: pl.DataFrame) -> pl.DataFrame:
    """One line a search, for people."""
    n_done = pl.sum_horizontal("n_complete", "n_stopped", "n_failed")
    return found.select(
        pl.col("search_id").map_elements(words.text, pl.String).alias("search"),
        pl.col("state").map_elements(words.state, pl.String),
        pl.col("reason").fill_null(""),
        pl.format("{} / {}", n_done, pl.col("n_planned").cast(pl.String).fill_null("?")).alias("trials"),
        pl.when(pl.col("n_planned") > 0).then((n_done / pl.col("n_planned")).clip(0, 1)).alias("progress"),
        pl.col("n_failed").alias("failed"),
        pl.struct("best_score", "metric", "goal").map_elements(_best, pl.String).alias("best"),
        pl.col("dataset").map_elements(words.text, pl.String),
        pl.col("families").list.join(", ").map_elements(words.text, pl.String),
        pl.col("updated_at").alias("updated"),
    )


def _best(row: dict[str, Any]) -> str:
    if row["best_score"] is None:
        return "–"
    return words.text(f"{number(row['best_score'])} {row['metric']} {words.arrow(row['goal'])}")
