"""Why trials failed, and where in the space they did so more than elsewhere."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import shell, words
from dashboard.charts import failures as charts
from dashboard.queries import failures as queries
from dashboard.queries import parameters
from dashboard.snapshot import Snapshot

COLUMNS = {
    "reason": st.column_config.TextColumn("Reason"),
    "trials": st.column_config.NumberColumn("Trials", format="localized", width="small"),
    "message": st.column_config.TextColumn("First message", width="large"),
    "where": st.column_config.TextColumn(
        "Where most", help="The range that holds the most of them over its share"
    ),
    "failed": st.column_config.NumberColumn("Of these failures", format="%.0f %%"),
    "all": st.column_config.NumberColumn("Of all trials", format="%.0f %%"),
    "chance": st.column_config.TextColumn("By chance?", width="small"),
}


def show(snapshot: Snapshot, row: dict[str, Any]) -> None:
    search_id = row["search_id"]
    found = queries.failures(snapshot, search_id)
    n_trials = parameters.summary(snapshot, search_id, None, None).n_trials
    if found.height == 0:
        st.success(f"None of {words.plural(n_trials, 'trial')} has failed.", icon=":material/check_circle:")
        return
    st.subheader("Failures by reason", anchor=False)
    _table(found)
    n_failed = int(found["n"].sum())
    st.caption(
        f"{words.plural(n_failed, 'trial')} of {n_trials:,} failed ({n_failed / n_trials:.0%}). Where most: the range "
        f"of one parameter that holds more of the failures than its share of the trials gives; looked for from "
        f"{queries.LEAST} failures on, and called chance where some range would show as much by chance more often than "
        f"in {queries.RARE:.0%} of such searches."
    )
    placed = found.drop_nulls("path")
    if placed.height:
        _where(snapshot, search_id, placed)


def _table(found: pl.DataFrame) -> None:
    rare = pl.col("chance") < queries.RARE
    chance = (
        pl.when(pl.col("chance").is_null())
        .then(pl.lit(""))
        .when(rare)
        .then(pl.lit("no"))
        .otherwise(pl.lit("perhaps"))
    )
    where = pl.format("{} = {}", "path", "range").map_elements(words.text, pl.String).fill_null("")
    shown = found.select(
        pl.col("reason").map_elements(words.text, pl.String),
        pl.col("n").alias("trials"),
        pl.col("message").fill_null("").map_elements(words.text, pl.String),
        where.alias("where"),
        (100 * pl.col("failed_share")).alias("failed"),
        (100 * pl.col("share")).alias("all"),
        chance.alias("chance"),
    )
    st.dataframe(
        shown,
        hide_index=True,
        column_config=COLUMNS,
        key="failures",
        placeholder="–",
        alt="One row a reason: how many trials, the first message, and where in the space they are.",
    )


def _where(snapshot: Snapshot, search_id: str, placed: pl.DataFrame) -> None:
    """One reason, over the ranges of the parameter that tells the most about it."""
    st.subheader("Where in the space", anchor=False)
    names = placed["reason"].to_list()
    reason = names[0]
    if len(names) > 1:
        reason = st.selectbox("Reason", names, key="why", bind="query-params", width=240)
    row = placed.filter(pl.col("reason") == reason).row(0, named=True)
    counted = queries.where(snapshot, search_id, reason, row["path"])
    path, range_ = words.text(row["path"], 80), words.text(row["range"], 80)
    sentence = (
        f"{row['failed_share']:.0%} of the failures by {words.text(reason, 40)} ({row['n_failed']:,} of "
        f"{int(counted['n_failed'].sum()):,}) have {path} = {range_}, as {row['share']:.0%} of all trials do "
        f"({row['n_trials']:,} of {int(counted['n_trials'].sum()):,})"
    )
    sure = row["chance"] < queries.RARE
    sentence += "." if sure else ": no more than chance gives in one of the many ranges."
    shell.chart(charts.ranges(counted, path), sentence, counted, "where")
    st.caption(words.escape(f"{sentence} Trials that do not have the parameter are left out.", 800))
