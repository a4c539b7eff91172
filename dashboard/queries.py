"""What the pages show, as small frames: every function reads one snapshot and draws nothing."""

from __future__ import annotations

from typing import Any

import polars as pl

from automl.store.reading import latest_attempts, ranked
from automl.wording import number
from dashboard import words
from dashboard.snapshot import Snapshot

MAX_SEARCHES = 1000
MAX_TRIALS = 200
MAX_CURVES = 10
MAX_POINTS = 400  # of one learning curve


def searches(snapshot: Snapshot, states: list[str], contains: str) -> tuple[pl.DataFrame, int]:
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


def overview(snapshot: Snapshot) -> pl.DataFrame:
    """How many searches there are by state and reason."""
    return snapshot.scan("searches").group_by("state", "reason").len("n").sort("state", "reason").collect()


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


def trials(snapshot: Snapshot, search_id: str) -> pl.LazyFrame:
    """The last attempt at each trial of a search."""
    return latest_attempts(snapshot.scan("trials").filter(search_id=search_id), ("search_id", "trial"))


def states(snapshot: Snapshot, search_id: str) -> pl.DataFrame:
    """How many trials ended in each state and for which reason."""
    ended = trials(snapshot, search_id).group_by("state", "reason").len("n")
    return ended.sort("state", "n", descending=[False, True]).collect()


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


def curves(snapshot: Snapshot, search_id: str, metric: str) -> pl.DataFrame:
    """Learning curves of the best trials in one metric: trial, family, epoch, value, place (1 is the best).

    Of a long curve every n-th epoch is given, and the last.
    """
    best = ranked(trials(snapshot, search_id)).head(MAX_CURVES)
    places = best.select("trial", "attempt", "family").collect().with_row_index("place", offset=1)
    epochs = snapshot.scan("epochs").filter(
        pl.col("search_id") == search_id,
        pl.col("metric") == metric,
        pl.col("trial").is_in(places["trial"].to_list()),
    )
    found = epochs.collect().join(places, on=["trial", "attempt"]).filter(pl.col("value").is_finite())
    last = pl.col("epoch").max().over("trial")
    kept = (
        (pl.col("epoch") % (last // MAX_POINTS + 1) == 0) | (pl.col("epoch") == last) | (pl.col("epoch") == 1)
    )
    return found.filter(kept).select("place", "trial", "family", "epoch", "value").sort("place", "epoch")
