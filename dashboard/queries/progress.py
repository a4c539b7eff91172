"""How searches get better, and how their trials end, over time."""

from __future__ import annotations

from typing import Any, Literal

import polars as pl

from automl.store.reading import latest_attempts, ranked
from dashboard.kept import query
from dashboard.queries.trials import trials
from dashboard.snapshot import Snapshot

MAX_OTHERS = 8
MAX_STEPS = 400  # of one line
N_INTERVALS = 60  # of the time over which trials ended
Over = Literal["time", "worker time"]
_COLUMNS = ("search_id", "trial", "attempt", "state", "feasible", "goal", "score", "family")
_STEPS: dict[str, Any] = {  # the columns of lines
    "search_id": pl.String,
    "minute": pl.Float64,
    "score": pl.Float64,
    "trial": pl.Int64,
    "family": pl.String,
    "steps": pl.UInt32,
}


@query("searches")
def on_same_data(snapshot: Snapshot, search_id: str) -> list[str]:
    """The other searches on the same rows in the same metric, the last updated first, at most `MAX_OTHERS`."""
    rows = snapshot.scan("searches")
    same = ("fingerprint", "split_id", "metric")
    this = rows.filter(search_id=search_id).select(same)
    others = rows.filter(pl.col("search_id") != search_id, pl.col("best_score").is_not_null())
    found = others.join(this, on=same, how="semi").sort("updated_at", "search_id", descending=[True, False])
    return found.select("search_id").head(MAX_OTHERS).collect()["search_id"].to_list()


@query("trials")
def best_so_far(snapshot: Snapshot, search_ids: tuple[str, ...], over: Over) -> pl.DataFrame:
    """The trials that were the best complete one of their search when they ended, in order.

    Returns:
        search_id, minute, score, trial, family, and `steps`: how many there were before a line was thinned. The
        last row of a search is the moment at which its last trial ended. Minutes count from the start of the
        first trial, or are those that workers had trained by then.
    """
    of = "search_id"
    rows = (
        snapshot.scan("trials").filter(pl.col(of).is_in(search_ids)).sort(of, "ended_at", "trial", "attempt")
    )
    since = (pl.col("ended_at") - pl.col("started_at").min().over(of)).dt.total_milliseconds() / 60_000
    minute = since if over == "time" else pl.col("train_seconds").fill_nan(0.0).cum_sum().over(of) / 60
    ended = rows.select(minute.alias("minute"), *_COLUMNS).collect()
    counted = ranked(latest_attempts(ended.lazy(), (of, "trial"))).sort(of, "minute", "trial")
    loss = pl.when(pl.col("goal") == "max").then(-pl.col("score")).otherwise(pl.col("score"))
    before = loss.cum_min().shift(1).over(of).fill_null(float("inf"))
    steps = counted.filter(loss < before).with_columns(pl.len().over(of).alias("steps")).collect()
    place, every = pl.int_range(pl.len()).over(of), (pl.col("steps") - 1) // MAX_STEPS + 1
    thinned = steps.filter((place % every == 0) | (place == pl.col("steps") - 1))
    ends = ended.group_by(of).agg(pl.col("minute").max())
    last = steps.group_by(of).last().drop("minute").join(ends, on=of)
    both = pl.concat([thinned.select(*_STEPS), last.select(*_STEPS)]).cast(pl.Schema(_STEPS))
    return both.unique().sort(of, "minute", "trial")


@query("trials")
def ended(snapshot: Snapshot, search_id: str) -> pl.DataFrame:
    """How many trials had ended in each state by the end of each interval: minute, state, n."""
    rows = trials(snapshot, search_id).select(
        "state", ms=(pl.col("ended_at") - pl.col("started_at").min()).dt.total_milliseconds()
    )
    found = rows.drop_nulls().collect()
    if found.height == 0:
        return pl.DataFrame(schema={"minute": pl.Float64, "state": pl.String, "n": pl.Int64})
    width = max(1.0, float(found.select(pl.col("ms").max()).item()) / N_INTERVALS)
    interval = (pl.col("ms") / width).ceil().cast(pl.Int64).clip(0, N_INTERVALS).alias("interval")
    counts = found.group_by("state", interval).len("n")
    grid = found.select(pl.col("state").unique()).join(
        pl.DataFrame({"interval": range(N_INTERVALS + 1)}), how="cross"
    )
    filled = grid.join(counts, on=["state", "interval"], how="left").sort("state", "interval")
    minute = (pl.col("interval") * width / 60_000).alias("minute")
    n = pl.col("n").fill_null(0).cast(pl.Int64).cum_sum().over("state")
    return filled.select(minute, "state", n)
