"""Why it won: what the parameters did, what quality costs, how far trials got, where they failed, who trained them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard import shell, words
from dashboard.queries.trials import states
from dashboard.snapshot import Snapshot
from dashboard.views import (
    insights_failures,
    insights_lines,
    insights_parameters,
    insights_rungs,
    insights_trade_offs,
    insights_workers,
)

PARTS: dict[str, Callable[[Snapshot, dict[str, Any]], None]] = {
    "Parameters": insights_parameters.show,
    "Lines": insights_lines.show,
    "Trade-offs": insights_trade_offs.show,
    "Rungs": insights_rungs.show,
    "Failures": insights_failures.show,
    "Workers": insights_workers.show,
}


def show(snapshot: Snapshot, row: dict[str, Any]) -> None:
    """The part that the address names; the others are not computed.

    Args:
        row: of the search, in the table `searches`.
    """
    search_id = row["search_id"]
    if states(snapshot, search_id).height == 0:
        later = "No trial has ended yet: what they tell appears here as they do."
        said = (
            later
            if row["state"] in words.ACTIVE
            else "No trial ended in this search, so there is nothing to see."
        )
        st.info(said, icon=":material/schedule:")
    else:
        names = list(PARTS)
        part = st.segmented_control(
            "Part",
            names,
            default=names[0],
            required=True,
            key="part",
            bind="query-params",
            label_visibility="collapsed",
        )
        PARTS[part or names[0]](snapshot, row)
    shell.same_data(snapshot.command("trials", search_id, "--json"))
