"""Who trained what when, and who waited."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import shell, words
from dashboard.charts import timeline as charts
from dashboard.queries import timeline as queries
from dashboard.queries.timeline import REFITS, Timeline
from dashboard.snapshot import Snapshot

COLUMNS = {
    "worker": st.column_config.TextColumn("Worker", pinned=True),
    "attempts": st.column_config.NumberColumn("Attempts", format="localized"),
    "busy": st.column_config.TextColumn("Busy"),
    "there": st.column_config.TextColumn(
        "Present", help="From the beginning to the end of the terms in which it trained"
    ),
    "idle": st.column_config.ProgressColumn("Idle", format="percent", min_value=0, max_value=1),
}


def show(snapshot: Snapshot, row: dict[str, Any]) -> None:
    found = queries.timeline(snapshot, row["search_id"])
    st.subheader("Timeline of workers", anchor=False)
    _timeline(found)
    st.subheader("Time of each worker", anchor=False)
    _idle(found.workers)


def _timeline(found: Timeline) -> None:
    is_refit = pl.col("worker") == REFITS
    kind = pl.when(is_refit).then(pl.lit(charts.REFIT)).otherwise("state")
    worker = (
        pl.when(is_refit).then(pl.lit(REFITS)).otherwise(pl.col("worker").map_elements(words.text, pl.String))
    )
    bars = found.bars.with_columns(kind.alias("kind"), worker.alias("worker"))
    there = set(bars["worker"])
    order = [name for name in map(words.text, found.workers["worker"]) if name in there]
    order += [REFITS] if REFITS in there else []
    described = f"{found.n_shown:,} attempts of {words.plural(len(order), 'line')} of workers over time."
    shell.chart(charts.timeline(bars, order), described, bars.drop("lane", "state"), "timeline")
    how = ", the latest" if found.n_shown < found.n_attempts else ""
    n_workers = found.workers.height
    cut = (
        f" Of {n_workers:,} workers the first {queries.MOST_WORKERS}."
        if n_workers > queries.MOST_WORKERS
        else ""
    )
    refits = (
        " Refits have lines of their own: their worker is in no table, and their beginning is their end less their "
        "training."
        if REFITS in there
        else ""
    )
    st.caption(
        f"{found.n_shown:,} shown of {words.plural(found.n_attempts, 'attempt')}{how}.{cut} Full bars are complete, "
        f"pale ones stopped early, empty dashed ones failed; trials trained together stand above each other.{refits}"
    )


def _idle(workers: pl.DataFrame) -> None:
    shown = workers.select(
        pl.col("worker").map_elements(words.text, pl.String),
        pl.col("n_attempts").alias("attempts"),
        pl.col("busy_seconds").map_elements(words.duration, pl.String).alias("busy"),
        pl.col("there_seconds").map_elements(words.duration, pl.String).alias("there"),
        pl.col("idle_share").alias("idle"),
    )
    st.dataframe(
        shown,
        hide_index=True,
        column_config=COLUMNS,
        height="auto" if shown.height <= 10 else 390,
        key="workers",
        alt="One row a worker: attempts, busy time, and the share of its time in which it trained nothing.",
    )
    busy, there = (float(workers[name].sum()) for name in ("busy_seconds", "there_seconds"))
    if there > 0:
        st.caption(
            f"All workers together trained nothing in {1 - busy / there:.1%} of their time. Idle counts every attempt "
            f"at a trial, shown above or not; refits are not counted."
        )
