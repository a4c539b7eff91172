"""Finalists: the best trials of a search, trained again over fresh seeds."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from automl.choosing import choose
from automl.errors import NotFoundError
from automl.store.reading import latest_attempts
from dashboard import words
from dashboard.kept import query
from dashboard.snapshot import Snapshot


@dataclass(frozen=True)
class Finalists:
    """The refits of a search, by their validation scores.

    Args:
        summary: one row a finalist, the best mean first: trial, family, seeds, mean, spread (standard deviation),
            least, greatest, weights, latency_ms.
        scores: one row a refit: trial, family, seed, score.
        chosen: the trial whose median refit ``pull`` takes; None where none can be.
    """

    summary: pl.DataFrame
    scores: pl.DataFrame
    chosen: int | None


@query("scores")
def finalists(snapshot: Snapshot, search_id: str, metric: str) -> Finalists:
    """The finalists of a search in a metric; none before one is trained again."""
    rows = snapshot.scan("scores").filter(search_id=search_id, kind="refit")
    found = latest_attempts(rows, ("search_id", "entry", "seed")).collect()
    scored = found.filter(split="validation", metric=metric)
    order = scored["goal"][0] == "max" if scored.height else False
    summary = scored.group_by("trial", "family").agg(
        seeds=pl.len(),
        mean=pl.col("score").mean(),
        spread=pl.col("score").std(),
        least=pl.col("score").min(),
        greatest=pl.col("score").max(),
        weights=pl.col("n_parameters").first(),
        latency_ms=pl.col("latency_ms").median(),
    )
    return Finalists(
        summary.sort("mean", "trial", descending=[order, False], nulls_last=True),
        scored.select("trial", "family", "seed", "score").sort("trial", "seed"),
        _chosen(found, metric),
    )


def _chosen(rows: pl.DataFrame, metric: str) -> int | None:
    kept = rows.filter(pl.col("bundle").is_not_null())
    try:
        return choose(kept, metric)[0]
    except NotFoundError:
        return None


def finalists_table(found: Finalists) -> pl.DataFrame:
    """One line a finalist, for people."""
    chosen = -1 if found.chosen is None else found.chosen
    return found.summary.select(
        "trial",
        pl.when(pl.col("trial") == chosen).then(pl.lit("✔ pulled")).alias("choice"),
        pl.col("family").map_elements(words.text, pl.String),
        pl.exclude("trial", "family"),
    )
