"""One entry of a leaderboard: how to get its model, how to repeat it, and where to read more of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard import links, words
from dashboard.queries import board_table
from dashboard.snapshot import Snapshot


def show(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    """The commands and links of a row of a board."""
    with st.container(border=True, key="entry-commands"):
        name = words.escape(row["entry"], 120)
        if row["kind"] == "baseline":
            st.markdown(f"**{name}** is a baseline: it is there to compare with, and has no bundle.")
            return
        st.markdown(f"**{name}**, of the family {words.escape(row['family'], 60)}")
        model = board_table.model_of(row)
        with st.container(horizontal=True):
            _link("Trial", "trial", row["entry"], ":material/model_training:")
            _link("Model", "models", model, ":material/deployed_code:")
            _link("Search", "search", row["search_id"], ":material/query_stats:")
        st.caption("Get the model, verified: the refit with the median validation score")
        st.code(board_table.pull(snapshot, model), language=None, wrap_lines=True)
        again = board_table.reproduce(snapshot, row["entry"])
        if again is not None:
            st.caption("Train it again, and see whether it agrees")
            st.code(again, language=None, wrap_lines=True)


def _link(label: str, page: str, which: str, icon: str) -> None:
    if links.there(page):
        links.link(label, page, icon, which, id=which)
