"""What the workers of a search did when, and how much of their time they waited."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard.kept import query
from dashboard.snapshot import Snapshot

MOST_BARS = 1000
MOST_WORKERS = 60
MOST_LANES = 24  # bars of one worker above each other: trials that it trained together
REFITS = "refits"


@dataclass(frozen=True)
class Timeline:
    """The latest attempts of a search, and its refits.

    Args:
        bars: worker, lane (from 0), state, name, reason, started_at, ended_at.
        workers: worker, busy_seconds, there_seconds, idle_share, n_attempts; of all attempts.
        n_attempts: of which some are shown; refits are not counted.
    """

    bars: pl.DataFrame
    workers: pl.DataFrame
    n_attempts: int
    n_shown: int


@query("trials", "scores")
def timeline(snapshot: Snapshot, search_id: str) -> Timeline:
    """One bar an attempt at a trial, the latest `MOST_BARS`; refits on their own lines: no table has their worker."""
    columns = ("trial", "attempt", "term", "state", "reason", "worker", "started_at", "ended_at")
    attempts = snapshot.scan("trials").filter(search_id=search_id).select(columns).collect()
    workers = idle(attempts)
    named = workers["worker"].head(MOST_WORKERS).to_list()
    latest = attempts.filter(pl.col("worker").is_in(named)).top_k(MOST_BARS, by="ended_at")
    name = pl.format("trial {}, attempt {}", "trial", "attempt")
    bars = latest.select("worker", "state", name.alias("name"), "reason", "started_at", "ended_at")
    shown = in_lanes(pl.concat([bars, _refits(snapshot, search_id)]))
    return Timeline(shown, workers, attempts.height, latest.height)


def idle(attempts: pl.DataFrame) -> pl.DataFrame:
    """One row a worker: how long it was busy of the time between the first and the last moment of its terms.

    Attempts that it trained together count once. A worker is there from the beginning of a term to its end if it
    trained anything in it.
    """
    began, ended = pl.col("started_at"), pl.col("ended_at")
    before = ended.cum_max().shift(1).over("worker", order_by="started_at")
    busy = (ended - pl.max_horizontal(began, before)).dt.total_microseconds().clip(0)
    spans = attempts.group_by("term").agg((ended.max() - began.min()).dt.total_microseconds().alias("there"))
    of_worker = attempts.select("worker", "term").unique().join(spans, on="term").group_by("worker")
    there = of_worker.agg(pl.col("there").sum())
    of_attempt = attempts.with_columns(busy.alias("busy")).group_by("worker")
    counted = of_attempt.agg(pl.col("busy").sum(), pl.len().alias("n_attempts"))
    joined = counted.join(there, on="worker").select(
        "worker",
        (pl.col("busy") / 1e6).alias("busy_seconds"),
        (pl.col("there") / 1e6).alias("there_seconds"),
        (1 - pl.col("busy") / pl.col("there")).fill_nan(0.0).clip(0, 1).alias("idle_share"),
        "n_attempts",
    )
    return joined.sort(pl.col("worker").cast(pl.Int64, strict=False), "worker", nulls_last=True)


def _refits(snapshot: Snapshot, search_id: str) -> pl.DataFrame:
    rows = snapshot.scan("scores").filter(pl.col("search_id") == search_id, pl.col("kind") == "refit")
    seconds = pl.duration(microseconds=(pl.col("train_seconds") * 1e6).cast(pl.Int64))
    found = (
        rows.select("trial", "seed", "train_seconds", "ended_at")
        .unique(["trial", "seed"])
        .select(
            pl.lit(REFITS).alias("worker"),
            pl.lit("complete").alias("state"),
            pl.format("refit of trial {}, seed {}", "trial", "seed").alias("name"),
            pl.lit(None, pl.String).alias("reason"),
            (pl.col("ended_at") - seconds).alias("started_at"),
            "ended_at",
        )
    )
    return found.sort("ended_at").tail(MOST_BARS // 10).collect()


def in_lanes(bars: pl.DataFrame) -> pl.DataFrame:
    """The bars with a lane each, such that no two of one worker overlap in a lane as long as `MOST_LANES` suffice."""
    ordered = bars.sort("started_at", "ended_at")
    free: dict[str, list[float]] = {}  # of each worker, when each lane ends
    lanes = []
    for worker, began, ended in ordered.select("worker", "started_at", "ended_at").iter_rows():
        ends = free.setdefault(worker, [])
        lane = next((place for place, end in enumerate(ends) if end <= began), None)
        if lane is None:
            lane = len(ends) if len(ends) < MOST_LANES else ends.index(min(ends))
        ends[lane : lane + 1] = [ended]
        lanes.append(lane)
    return ordered.with_columns(pl.Series("lane", lanes, pl.Int64))
