"""How far trials got, and the learning curves of those that went on."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import shell, words
from dashboard.charts import rungs as charts
from dashboard.queries import parameters
from dashboard.queries import rungs as queries
from dashboard.queries.score_axis import score_axis
from dashboard.snapshot import Snapshot


def show(snapshot: Snapshot, row: dict[str, Any]) -> None:
    search_id = row["search_id"]
    st.subheader("How far trials got", anchor=False)
    at = parameters.rungs(snapshot, search_id)
    if at:
        _reached(queries.reached(snapshot, search_id))
    else:
        st.info("Nothing was stopped early in this search: it has no rungs.", icon=":material/stairs:")
    st.subheader("Learning curves", anchor=False)
    _curves(snapshot, row, at)


def _reached(counts: pl.DataFrame) -> None:
    epoch = pl.col("epoch")
    name = pl.when(epoch.is_null()).then(pl.lit("complete")).otherwise(pl.format("reached epoch {}", epoch))
    labelled = counts.with_columns(
        name.alias("label"), (pl.col("n_reached") - pl.col("n_stopped")).alias("n_on")
    )
    shown = pl.concat(
        [
            labelled.select("label", pl.lit(charts.WENT_ON).alias("what"), pl.col("n_on").alias("n")),
            labelled.select("label", pl.lit(charts.STOPPED).alias("what"), pl.col("n_stopped").alias("n")),
        ]
    )
    told = [
        f"{words.plural(n_reached, 'trial')} reached epoch {at:,}, {n_stopped:,} were stopped there"
        for at, n_reached, n_stopped in counts.drop_nulls("epoch").iter_rows()
    ]
    end = counts.filter(epoch.is_null())["n_reached"].sum()
    sentence = f"{'; '.join(told)}; {end:,} trained all epochs."
    shell.chart(charts.reached(shown), sentence, counts, "reached")
    st.caption(words.escape(sentence, 600))


def _curves(snapshot: Snapshot, row: dict[str, Any], at: tuple[int, ...]) -> None:
    metric, goal = row["metric"], row["goal"]
    found = queries.curves(snapshot, row["search_id"], metric)
    if found.frame.height == 0:
        st.info(
            "There are no curves yet: they are drawn for complete and stopped trials.",
            icon=":material/hourglass_empty:",
        )
        return
    axis = score_axis(found.frame["value"], goal)
    drawn = charts.curves(found.frame, at, metric, axis)
    n_complete, n_stopped = (found.n_shown(state) for state in ("complete", "stopped"))
    described = (
        f"{metric} by epoch of {words.plural(n_complete, 'complete trial')} over {n_stopped:,} stopped early"
        f"{', with the rungs as upright lines' if at else ''}."
    )
    shell.chart(drawn, described, found.frame.drop("family", "state"), "rung-curves")
    text = (
        f"{n_complete:,} shown of {words.plural(found.n_complete, 'complete trial')}"
        f"{', the best (thicker, blue)' if n_complete < found.n_complete else ' (thicker, blue)'}; {n_stopped:,} of "
        f"{found.n_stopped:,} stopped early{', chosen at random' if n_stopped < found.n_stopped else ''} (thin grey "
        f"lines). {'Dashed upright lines are the rungs. ' if at else ''}Of long curves not every epoch is drawn, but "
        f"their ends and the rungs are.{' Some values lie beyond the axis.' if axis.n_beyond else ''}"
    )
    st.caption(words.escape(text, 800))
