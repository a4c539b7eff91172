"""Families and baselines over all data sets of the store."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import shell, words
from dashboard.charts import ranks as charts
from dashboard.queries import standings as queries
from dashboard.snapshot import Snapshot

COLUMNS = {
    "method": st.column_config.TextColumn("Method", width=190, pinned=True),
    "kind": st.column_config.TextColumn("Kind", width=85, pinned=True),
    "mean_rank": st.column_config.NumberColumn(
        "Mean rank", format="%.3g", width="small", help="1 is the best"
    ),
    "wins": st.column_config.NumberColumn("Wins", width="small", help="Data sets on which nothing is better"),
    "n_datasets": st.column_config.NumberColumn("Data sets", width="small", help="On which it was tried"),
}
OUT, LAST = "left out", "counted as last"


def show(snapshot: Snapshot) -> None:
    """Mean ranks, wins, and the rank on each data set."""
    missing = st.segmented_control(
        "A method that was not tried on a data set is",
        [OUT, LAST],
        default=OUT,
        required=True,
        key="impute",
        bind="query-params",
    )
    found = queries.ranks(snapshot, missing == LAST)
    if found.height == 0:
        st.info(
            "No board here is by the metric that a search improves: there is nothing to rank over data sets.",
            icon=":material/leaderboard:",
        )
        return
    lines = queries.summary(found)
    caution = queries.caution(queries.ranks(snapshot, impute=False))
    if caution:
        st.info(words.escape(caution, 800), icon=":material/balance:")
    _chart(found, lines)
    _table(found, lines)
    shell.same_data(snapshot.command("leaderboard", "--json"))


def _chart(found: pl.DataFrame, lines: pl.DataFrame) -> None:
    st.subheader("Mean ranks", anchor=False)
    marks = queries.marks(found, lines)
    best = lines.row(0, named=True)
    n_datasets = words.plural(found["dataset"].n_unique(), "data set")
    described = (
        f"Ranks of {words.plural(lines.height, 'method')} on {n_datasets}; the best mean rank is "
        f"{number(best['mean_rank'])}, of {best['method']}."
    )
    shell.chart(charts.ranks(marks), described, marks, "ranks")
    st.caption(
        "Marks are mean ranks, strokes the rank on each data set, by the mean score on the test rows of its newest "
        "board; equal scores share the mean of their places. The trial with the best validation score stands for its "
        f"family. Differences between mean ranks are not tested here. {_cut(found, lines)}"
    )


def _cut(found: pl.DataFrame, lines: pl.DataFrame) -> str:
    """What is shown of how much, where something is left out."""
    n_methods, n_datasets = lines.height, found["dataset"].n_unique()
    said = []
    if n_methods > queries.MAX_METHODS:
        said.append(f"{queries.MAX_METHODS} methods shown of {n_methods:,}, the best.")
    if n_datasets > queries.MAX_DATASETS:
        shown = f"{queries.MAX_DATASETS} data sets shown of {n_datasets:,}, the first by name"
        said.append(f"{shown}; the means are over all.")
    return " ".join(said)


def _table(found: pl.DataFrame, lines: pl.DataFrame) -> None:
    st.subheader("Ranks", anchor=False)
    metrics = dict(found.select("dataset", "metric").iter_rows())
    on: dict[str, Any] = {
        f"on{place}": st.column_config.NumberColumn(
            words.text(name, 40), format="%.3g", width="small", help=f"By {metrics[name]}"
        )
        for place, name in enumerate(queries.datasets(found))
    }
    st.dataframe(
        queries.table(lines, found),
        hide_index=True,
        column_config=COLUMNS | on,
        column_order=["method", "kind", "mean_rank", "wins", "n_datasets", *on],
        key="standings",
        placeholder="–",
        alt="One row a method: mean rank, wins, data sets, and the rank on each data set.",
    )
