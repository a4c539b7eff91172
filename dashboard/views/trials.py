"""The trials of a search: a table of pages that are found by keys, its filters, and the way to one trial or several."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard import links, shell, words
from dashboard.queries import trial_pages as pages
from dashboard.queries import trials as queries
from dashboard.snapshot import Snapshot
from dashboard.views import chosen

CURSORS = ("after", "before")
COLUMNS = {
    "state": st.column_config.TextColumn("State", width="small"),
    "reason": st.column_config.TextColumn("Reason", width="small"),
    "family": st.column_config.TextColumn("Family", width=110),
    "score": st.column_config.NumberColumn(
        "Score", format="%.5g", help="On the validation rows", width="small"
    ),
    "epochs": st.column_config.NumberColumn("Epochs", width="small"),
    "seconds": st.column_config.NumberColumn("Seconds", format="%.3g", help="Of training", width="small"),
    "weights": st.column_config.NumberColumn(
        "Weights", format="localized", help="Numbers that are learned", width="small"
    ),
    "parameters": st.column_config.TextColumn("Parameters", width="large"),
    "message": st.column_config.TextColumn("Message", width="medium"),
    "ended": st.column_config.DatetimeColumn("Ended (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"),
}


def show(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    """
    Args:
        row: of the table `searches`.
    """
    search_id = row["search_id"]
    counts = queries.states(snapshot, search_id)
    if counts.height == 0:
        st.info("No trial has ended yet: they are listed here as they do.", icon=":material/schedule:")
        return
    wanted, order = _filters(snapshot, row, counts)
    found = pages.page(snapshot, search_id, wanted, order, _cursor())
    if found.n_wanted == 0:
        st.info(
            f"None of {words.plural(found.n_trials, 'trial')} fits this filter.", icon=":material/filter_alt:"
        )
        return
    chosen.show(search_id)
    _table(search_id, found)
    _turning(found, order)
    whole = snapshot.command("trials", search_id, "--format", "parquet")
    shell.same_data(f"{whole} > trials.parquet")


def _filters(snapshot: Snapshot, row: Mapping[str, Any], counts: pl.DataFrame) -> tuple[pages.Wanted, str]:
    """What the widgets, and so the address, ask for; another filter begins at the first page."""
    kept: dict[str, Any] = {"bind": "query-params", "on_change": _begin_again}
    known = counts["state"].unique().to_list()
    states = [name for name in words.STATES if name in known]
    reasons = counts["reason"].drop_nulls().unique(maintain_order=True).sort().to_list()
    families = queries.families(snapshot, row["search_id"])
    with st.container(horizontal=True, vertical_alignment="top"):
        order = st.selectbox("Order", list(pages.ORDERS), key="order", width=120, **kept)
        state = st.pills("State", states, selection_mode="multi", key="state", **kept)
        family: list[str] = []
        if len(families) > 1:
            family = st.multiselect("Family", families, key="family", width=160, **kept)
        reason: list[str] = []
        if reasons:
            reason = st.multiselect("Reason", reasons, key="reason", width=150, **kept)
        metric = words.escape(row["metric"], 40)
        least = st.number_input(f"{metric} from", value=None, key="least", width=130, format="%g", **kept)
        most = st.number_input(f"{metric} to", value=None, key="most", width=130, format="%g", **kept)
        text = st.text_input(
            "Parameters contain",
            key="q",
            placeholder="optimizer=adamw",
            icon=":material/search:",
            max_chars=100,
            width=220,
            **kept,
        )
    text = (text or "").strip()
    return pages.Wanted(tuple(state), tuple(reason), tuple(family), least, most, text), str(order)


def _begin_again() -> None:
    for name in CURSORS:
        st.query_params.pop(name, None)


def _cursor() -> pages.Cursor:
    """Where the address says that the page is; the first page where it says nothing that could be."""
    after, before = (links.asked(name) for name in CURSORS)
    return pages.Cursor(_trial(after), None if _trial(after) is not None else _trial(before))


def _trial(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def _table(search_id: str, found: pages.Page) -> None:
    numbers = found.rows["trial"].to_list()
    table = queries.trials_table(found.rows)
    trial = st.column_config.NumberColumn("Trial", width="small", pinned=True)
    if links.there("trial"):
        addresses = [links.address("trial", id=f"{search_id}/{number}") for number in numbers]
        table = table.with_columns(pl.Series("trial", addresses, dtype=pl.String))
        shown = r"%2F([0-9]+)$"
        about = "Opens the trial in another tab of the browser"
        trial = st.column_config.LinkColumn(
            "Trial", display_text=shown, help=about, width="small", pinned=True
        )
    chosen.tick(search_id, numbers)
    st.dataframe(
        table,
        hide_index=True,
        column_config={"trial": trial, **COLUMNS},
        height="auto" if table.height <= 12 else 620,
        on_select=partial(chosen.choose, search_id, numbers),
        selection_mode="multi-row",
        key="trials",
        placeholder="–",
        alt="One row a trial: state, score, cost, parameters. Tick several to compare them.",
    )


def _turning(found: pages.Page, order: str) -> None:
    """Which trials are shown, and buttons that turn the page."""
    first, last = found.n_before + 1, found.n_before + found.rows.height
    numbers = found.rows["trial"].to_list()
    in_all = "" if found.n_wanted == found.n_trials else f" that fit, {found.n_trials:,} in all"
    said = f"{first:,} to {last:,} of {words.plural(found.n_wanted, 'trial')}{in_all}, {pages.ORDERS[order]}."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(said, width="content")
        if found.n_wanted > pages.PAGE:
            at_begin, at_end = first == 1, last >= found.n_wanted
            _button("First", ":material/first_page:", at_begin, {})
            _button("Previous", ":material/chevron_left:", at_begin, {"before": numbers[0]})
            _button("Next", ":material/chevron_right:", at_end, {"after": numbers[-1]})


def _button(label: str, icon: str, disabled: bool, cursor: Mapping[str, int]) -> None:
    st.button(label, icon=icon, key=label.lower(), disabled=disabled, on_click=_turn, args=(cursor,))


def _turn(cursor: Mapping[str, int]) -> None:
    _begin_again()
    for name, trial in cursor.items():
        st.query_params[name] = str(trial)
