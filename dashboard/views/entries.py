"""The entries of a leaderboard as a table, of which one can be selected."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import links, words
from dashboard.queries import board_table
from dashboard.snapshot import Snapshot
from dashboard.views import entry

COLUMNS = {
    "rank": st.column_config.NumberColumn(
        "Rank", help="1 + how many entries are significantly better; ties share a rank", width=70, pinned=True
    ),
    "entry": st.column_config.TextColumn("Entry", pinned=True),
    "what": st.column_config.TextColumn("Kind", width=85),
    "family": st.column_config.TextColumn("Family", width=130),
    "score": st.column_config.NumberColumn("Score", format="%.5g", help="Mean over seeds, on test rows"),
    "interval": st.column_config.TextColumn("95 % interval"),
    "seeds": st.column_config.NumberColumn("Seeds", width=75),
    "rows": st.column_config.NumberColumn("Test rows", format="localized", width=95),
    "weights": st.column_config.NumberColumn(
        "Weights", format="localized", help="Numbers that are learned", width=100
    ),
    "megabytes": st.column_config.NumberColumn("Bundle (MB)", format="%.3g", width=110),
    "seconds": st.column_config.NumberColumn(
        "Training (s)", format="%.3g", width=110, help="Mean over seeds"
    ),
    "latency": st.column_config.NumberColumn(
        "Latency (ms)", format="%.3g", width=115, help="To predict one row"
    ),
    "failed": st.column_config.TextColumn(
        "Failed trials", width=115, help="Of the search that found the entry"
    ),
}


def show(snapshot: Snapshot, board: pl.DataFrame, shown: pl.DataFrame, others: pl.DataFrame) -> None:
    """The table, and what is to be known of the row that is selected in it.

    Args:
        shown: the entries that a filter leaves of the board.
        others: their scores by the metrics that were picked as columns.
    """
    st.subheader("Board", anchor=False)
    names = shown["entry"].to_list()

    def choose() -> None:
        rows = st.session_state["board"]["selection"]["rows"]
        forget()
        if rows and rows[0] < len(names):
            st.query_params["entry"] = names[rows[0]]

    st.dataframe(
        board_table.table(shown, others),
        hide_index=True,
        column_config=COLUMNS | _more(others),
        height="auto" if shown.height <= 12 else 460,
        on_select=choose,
        selection_mode="single-row",
        key="board",
        placeholder="–",
        alt="One row an entry: rank, score, interval, cost, failures.",
    )
    st.caption(
        f"{shown.height:,} shown of {board.height:,}. Ranks are those of the whole board and count the entries that "
        "are significantly better: paired bootstrap, Holm-corrected; ties share a rank. Select a row for its commands."
    )
    asked = links.asked("entry")
    chosen = board.filter(entry=asked)
    if chosen.height:
        entry.show(snapshot, chosen.row(0, named=True))
    elif asked:
        st.warning(f"This board has no entry {words.escape(asked, 120)}.", icon=":material/search_off:")


def _more(others: pl.DataFrame) -> dict[str, Any]:
    """A column for each further metric that was picked."""
    found = others.select("metric", "goal").unique("metric", keep="first", maintain_order=True)
    return {
        f"more{place}": st.column_config.NumberColumn(
            f"{words.text(metric, 40)} {words.arrow(goal)}",
            format="%.5g",
            help=f"Mean over seeds, on test rows; {words.direction(goal)}",
            width=120,
        )
        for place, (metric, goal) in enumerate(found.iter_rows())
    }


def forget() -> None:
    """What was selected on one board is not on another."""
    st.query_params.pop("entry", None)
