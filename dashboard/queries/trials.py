"""Trials of a search, each by its last attempt."""

from __future__ import annotations

import polars as pl

from automl.store.reading import latest_attempts, ranked
from dashboard import words
from dashboard.kept import query
from dashboard.snapshot import Snapshot

MAX_TRIALS = 200


def trials(snapshot: Snapshot, search_id: str) -> pl.LazyFrame:
    """The last attempt at each trial of a search."""
    return latest_attempts(snapshot.scan("trials").filter(search_id=search_id), ("search_id", "trial"))


@query("trials")
def states(snapshot: Snapshot, search_id: str) -> pl.DataFrame:
    """How many trials ended in each state and for which reason."""
    ended = trials(snapshot, search_id).group_by("state", "reason").len("n")
    return ended.sort("state", "n", descending=[False, True]).collect()


@query("trials")
def best_so_far(snapshot: Snapshot, search_id: str) -> pl.DataFrame:
    """The trials that were the best complete one when they ended, in order: minute, score, trial, family.

    The last line is the moment at which the last trial ended.
    """
    rows = trials(snapshot, search_id)
    ended = rows.sort("ended_at", "trial").select(
        (pl.col("ended_at") - pl.col("started_at").min()).dt.total_milliseconds().alias("ms"),
        *("trial", "family", "score", "goal", "state", "feasible", "search_id"),
    )
    counted = ranked(ended).sort("ms", "trial")
    loss = pl.when(pl.col("goal") == "max").then(-pl.col("score")).otherwise(pl.col("score"))
    steps = counted.filter(loss.cum_min() < loss.cum_min().shift(1).fill_null(float("inf")))
    columns = [(pl.col("ms") / 60_000).alias("minute"), *map(pl.col, ("score", "trial", "family"))]
    found = steps.select(columns).collect()
    if found.height == 0:
        return found
    end = ended.select((pl.col("ms").max() / 60_000).alias("minute")).collect()
    return pl.concat([found, found.tail(1).with_columns(minute=end["minute"].first())])


@query("trials")
def top_trials(snapshot: Snapshot, search_id: str) -> tuple[pl.DataFrame, int]:
    """The best `MAX_TRIALS` trials, complete ones first, and how many there are."""
    rows = trials(snapshot, search_id)
    n_trials = int(rows.select(pl.len()).collect().item())
    loss = pl.when(pl.col("goal") == "max").then(-pl.col("score")).otherwise(pl.col("score"))
    order = [pl.col("state") != "complete", ~pl.col("feasible"), loss.fill_nan(None), pl.col("trial")]
    best = rows.sort(order, nulls_last=True).head(MAX_TRIALS).collect()
    return best, n_trials


def trials_table(found: pl.DataFrame) -> pl.DataFrame:
    """One line a trial, for people."""
    return found.select(
        "trial",
        pl.col("state").map_elements(words.state, pl.String),
        pl.col("reason").fill_null("").alias("reason"),
        pl.col("family").map_elements(words.text, pl.String),
        "score",
        pl.col("n_epochs").alias("epochs"),
        pl.col("train_seconds").alias("seconds"),
        pl.col("n_parameters").alias("weights"),
        pl.col("parameters").map_elements(_parameters, pl.String),
        pl.col("message").fill_null("").map_elements(words.text, pl.String),
    )


def _parameters(value: str) -> str:
    return words.text(value.replace('"', "").replace(",", ", ").strip("{}"), 400)
