"""One search: how far it is, what it found, what went wrong; renewed by itself while it runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from dashboard import links, shell, words
from dashboard.queries import searches as queries
from dashboard.snapshot import Snapshot
from dashboard.views import head, insights, logs, overview, spec, trials

TITLE = "Search"
ICON = ":material/query_stats:"
ORDER = 3
HIDDEN = True


def page() -> None:
    search_id = links.asked("id")
    draw = partial(_draw, search_id=search_id)
    shell.live(draw, partial(_is_active, search_id=search_id), key="live")


def _is_active(snapshot: Snapshot, search_id: str) -> bool:
    """Whether it may change by itself."""
    row = queries.search(snapshot, search_id)
    return row is not None and row["state"] in words.ACTIVE


def _draw(snapshot: Snapshot, search_id: str) -> None:
    row = queries.search(snapshot, search_id)
    if row is None:
        shell.unknown("search", search_id, snapshot)
        return
    shell.heading(words.escape(search_id, 80), snapshot, "trials")
    head.show(snapshot, row)
    tabs = st.tabs(list(TABS), key="tab", bind="query-params", on_change="rerun")
    for tab, show in zip(tabs, TABS.values(), strict=True):
        if tab.open:
            with tab:
                show(snapshot, row)


TABS: dict[str, Callable[[Snapshot, dict[str, Any]], None]] = {
    "overview": overview.show,
    "trials": trials.show,
    "insights": insights.show,
    "logs": logs.show,
    "spec": spec.show,
}
