"""What runs, what has finished, what failed and why."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import shell, words
from dashboard.queries import searches as queries
from dashboard.snapshot import Snapshot

TITLE = "Searches"
ICON = ":material/manage_search:"
ORDER = 1

COLUMNS = {
    "search": st.column_config.TextColumn("Search", pinned=True),
    "state": st.column_config.TextColumn("State", width="small"),
    "reason": st.column_config.TextColumn("Reason", width="small"),
    "trials": st.column_config.TextColumn("Trials", help="Ended of planned", width="small"),
    "progress": st.column_config.ProgressColumn("Progress", format="percent", width="small"),
    "failed": st.column_config.NumberColumn("Failed", help="Trials that failed", width="small"),
    "best": st.column_config.TextColumn(
        "Best",
        help="Validation score of the best trial; ↑ higher is better, ↓ lower is better",
        width="medium",
    ),
    "dataset": st.column_config.TextColumn("Data set"),
    "families": st.column_config.TextColumn("Families"),
    "updated": st.column_config.DatetimeColumn("Updated (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"),
}


def page() -> None:
    shell.guarded(_list)


def _list(snapshot: Snapshot) -> None:
    shell.heading(TITLE, snapshot, "searches")
    counts = queries.overview(snapshot)
    if counts.height == 0:
        _empty(snapshot)
        return
    _summary(counts)
    wanted, contains = _filters(counts)
    found, n_found = queries.searches(snapshot, wanted, contains)
    if n_found == 0:
        st.info("No search fits this filter.", icon=":material/filter_alt:")
    else:
        _table(found, n_found)
    shell.same_data(snapshot.command("status", "--json"))


def _empty(snapshot: Snapshot) -> None:
    st.info("There is no search in this store yet. Start one:", icon=":material/rocket_launch:")
    commands = (
        snapshot.command("demo"),
        snapshot.command("search", "houses.csv", "--target", "price"),
        snapshot.command("search", "spec.yaml"),
    )
    st.code("\n".join(commands), language=None)


def _summary(counts: pl.DataFrame) -> None:
    """How many there are by state, and a strip that names what failed."""
    n = dict(counts.group_by("state").agg(pl.col("n").sum()).iter_rows())
    active = sum(n.get(name, 0) for name in words.ACTIVE)
    with st.container(horizontal=True):
        st.metric("Searches", f"{counts['n'].sum():,}", border=True)
        st.metric("▶ Active", f"{active:,}", border=True)
        st.metric("✔ Complete", f"{n.get('complete', 0):,}", border=True)
        st.metric("◼ Stopped", f"{n.get('stopped', 0):,}", border=True)
        st.metric("✖ Failed", f"{n.get('failed', 0):,}", border=True)
    failed = counts.filter(pl.col("state") == "failed")
    if failed.height:
        reasons = ", ".join(f"{row['reason'] or 'no reason given'} ({row['n']})" for row in failed.to_dicts())
        n_failed = words.plural(int(failed["n"].sum()), "search", "searches")
        st.error(f"{n_failed} failed: {words.escape(reasons)}", icon=":material/error:")


def _filters(counts: pl.DataFrame) -> tuple[tuple[str, ...], str]:
    there = counts["state"].unique().to_list()
    states = [name for name in words.STATES if name in there]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        contains = st.text_input(
            "Find",
            key="q",
            bind="query-params",
            placeholder="part of an id or a data set",
            icon=":material/search:",
            max_chars=100,
            width=340,
        )
        wanted = st.pills("State", states, selection_mode="multi", key="state", bind="query-params")
    return tuple(wanted), (contains or "").strip()


def _table(found: pl.DataFrame, n_found: int) -> None:
    shell.opening_table(
        queries.searches_table(found),
        found["search_id"].to_list(),
        "search",
        key="searches",
        column_config=COLUMNS,
        height="auto" if found.height <= 12 else 460,
        alt="One row a search: state, progress, best score. Select a row to open the search.",
    )
    st.caption(
        f"{found.height:,} shown of {n_found:,}, the last updated first. Select a row to open a search."
    )
