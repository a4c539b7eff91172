"""What is best, on what, how sure that is, and what it costs."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import links, shell, words
from dashboard.queries import boards
from dashboard.snapshot import Snapshot
from dashboard.views import board as board_view
from dashboard.views import entries
from dashboard.views import standings as standings_view

TITLE = "Leaderboard"
ICON = ":material/leaderboard:"
ORDER = 6
ONE, ALL = "One data set", "All data sets"  # what is shown, as the address says it too


def page() -> None:
    shell.guarded(_page)


def _page(snapshot: Snapshot) -> None:
    shell.heading(TITLE, snapshot, "scores")
    choices = boards.choices(snapshot)
    if choices.height == 0:
        _empty(snapshot)
        return
    view = st.segmented_control(
        "View",
        [ONE, ALL],
        default=ONE,
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == ALL:
        standings_view.show(snapshot)
        return
    _unknown(choices)
    board_view.show(snapshot, _choose(choices))


def _empty(snapshot: Snapshot) -> None:
    st.info(
        "There is no leaderboard yet: it appears once the finalists of a search have been trained again and "
        "scored on its test rows. `automl demo` gets there in about a minute.",
        icon=":material/leaderboard:",
    )
    st.code(snapshot.command("demo"), language=None)


def _unknown(choices: pl.DataFrame) -> None:
    """Says that the address names a data set without a board, of which another is shown."""
    asked = links.asked("dataset")
    if asked and asked not in map(words.text, choices["dataset"].unique()):
        st.warning(
            f"There is no board of a data set {words.escape(asked, 120)} in this store; another one is shown.",
            icon=":material/search_off:",
        )


def _choose(choices: pl.DataFrame) -> dict[str, Any]:
    """The board that the widgets, and so the address, name."""
    with st.container(horizontal=True):
        names = choices["dataset"].unique(maintain_order=True).to_list()
        dataset = _select("Data set", names, "dataset")
        choices = choices.filter(pl.col("dataset") == dataset)
        metric = _select("Metric", choices["metric"].unique(maintain_order=True).to_list(), "metric")
        choices = choices.filter(pl.col("metric") == metric)
        rows = {f"{row['fingerprint'][:8]}/{row['split_id'][:8]}": row for row in choices.to_dicts()}
        if len(rows) == 1:
            return choices.row(0, named=True)
        about = "The data or its split has changed; only entries on the same rows are compared."
        return rows[_select("Data and split", list(rows), "split", about)]


def _select(label: str, options: list[str], key: str, about: str | None = None) -> str:
    return str(
        st.selectbox(
            label,
            options,
            format_func=words.text,
            key=key,
            bind="query-params",
            width=300,
            help=about,
            on_change=board_view.forget_board if key == "dataset" else entries.forget,
        )
    )
