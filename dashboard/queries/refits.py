"""Refits: the final trainings of a configuration, over several seeds."""

from __future__ import annotations

from typing import Any

import polars as pl

from automl.store.reading import latest_attempts
from dashboard.kept import query
from dashboard.queries.naming import Named
from dashboard.snapshot import Snapshot

_OF_BUNDLE = r"^refits/[0-9]+-([0-9]+)/"  # the path of a refit's bundle begins with its name


@query("scores")
def refit_scores(snapshot: Snapshot, search_id: str, number: int) -> pl.DataFrame:
    """The scores of all refits of a trial, one row for each seed, split and metric; index is the refit's number.

    The index is null where a refit has no bundle that tells it.
    """
    rows = snapshot.scan("scores").filter(search_id=search_id, trial=number, kind="refit")
    last = latest_attempts(rows, ("search_id", "entry", "seed"))
    index = pl.col("bundle").str.extract(_OF_BUNDLE).cast(pl.Int64, strict=False).alias("index")
    return last.with_columns(index).sort("index", "seed", "split", "metric", nulls_last=True).collect()


def refit(snapshot: Snapshot, named: Named) -> pl.DataFrame:
    """The scores of one refit; none where there is no such one, and of a trial."""
    scores = refit_scores(snapshot, named.search_id, named.trial)
    return scores.clear() if named.refit is None else scores.filter(pl.col("index") == named.refit)


def overview(scores: pl.DataFrame, metric: str) -> pl.DataFrame:
    """One line a refit: index, seed, validation and test score, seconds, whether its bundle is there.

    Args:
        scores: as `refit_scores` gives them.
    """
    chosen = scores.filter(metric=metric)
    keys = ["index", "seed"]
    lines = chosen.group_by(keys, maintain_order=True).agg(
        *(
            pl.col("score").filter(pl.col("split") == split).first().alias(split)
            for split in ("validation", "test")
        ),
        pl.col("train_seconds").first(),
        pl.col("bundle_bytes").first(),
    )
    return lines.sort(keys, nulls_last=True)


@query("scores")
def spread(snapshot: Snapshot, search_id: str, number: int) -> list[dict[str, Any]]:
    """Of each split and metric the mean over the refits of a trial, with its standard deviation, n, least, greatest."""
    scores = refit_scores(snapshot, search_id, number)
    grouped = scores.group_by("split", "metric", "goal").agg(
        mean=pl.col("score").mean(),
        deviation=pl.col("score").std(),
        n=pl.len(),
        least=pl.col("score").min(),
        greatest=pl.col("score").max(),
        scores=pl.col("score"),
    )
    return grouped.sort("split", "metric").to_dicts()
