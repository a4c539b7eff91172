"""The refits of a trial: its configuration, trained again over fresh seeds."""

from __future__ import annotations

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import shell, words
from dashboard.queries import refits as queries
from dashboard.queries.naming import Named
from dashboard.snapshot import Snapshot

COLUMNS = {
    "refit": st.column_config.TextColumn("Refit", pinned=True),
    "seed": st.column_config.TextColumn("Seed"),
    "validation": st.column_config.NumberColumn("Validation", format="%.5g"),
    "test": st.column_config.NumberColumn("Test", format="%.5g"),
    "seconds": st.column_config.NumberColumn("Seconds", format="%.4g", help="Of training"),
    "size": st.column_config.NumberColumn("Bundle (MB)", format="%.2f"),
}


def show(snapshot: Snapshot, named: Named, metric: str, goal: str) -> None:
    """One line a refit, which opens its page; and their mean with its spread."""
    scores = queries.refit_scores(snapshot, named.search_id, named.trial)
    found = queries.overview(scores, metric)
    if not found.height:
        st.info(
            "It has no refits: only the finalists of a search are trained again, and only refits have predictions "
            "that are kept.",
            icon=":material/replay:",
        )
        return
    st.subheader(f"{words.escape(metric, 40)} {words.arrow(goal)} of its refits", anchor=False)
    names = [str(named) if index is None else f"{named}-{index}" for index in found["index"]]
    lines = found.select(
        pl.Series("refit", [words.text(name.rpartition("/")[2]) for name in names]),
        pl.col("seed").cast(pl.String),
        *("validation", "test"),
        pl.col("train_seconds").alias("seconds"),
        (pl.col("bundle_bytes") / 1e6).alias("size"),
    )
    shell.opening_table(
        lines,
        names,
        "trial",
        key="refits",
        column_config=COLUMNS,
        alt="One row a refit: seed, validation and test score. Select a row to open the refit.",
    )
    st.caption(
        "Select a row for its predictions: what it confuses, how far it is off, whether it can be believed."
    )
    for one in queries.spread(snapshot, named.search_id, named.trial):
        if one["metric"] == metric:
            deviation = "" if one["deviation"] is None else f" ± {number(one['deviation'])}"
            ends = f"n = {one['n']}, from {number(one['least'])} to {number(one['greatest'])}"
            st.text(words.text(f"{one['split']}: {number(one['mean'])}{deviation} ({ends})"))
