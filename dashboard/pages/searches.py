"""What runs, what has finished, what failed and why."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import links, shell, words
from dashboard.queries import searches as queries
from dashboard.snapshot import Snapshot

TITLE = "Searches"
ICON = ":material/manage_search:"
ORDER = 1

ALL = "all"  # data sets
COLUMNS = {
    "search": st.column_config.TextColumn("Search", pinned=True),
    "state": st.column_config.TextColumn("State", width=100),
    "reason": st.column_config.TextColumn("Reason", width="small"),
    "trials": st.column_config.TextColumn("Trials", help="Ended of planned", width="small"),
    "progress": st.column_config.ProgressColumn(
        "Progress",
        format="percent",
        width="small",
        help="By trials and refits, or by time where that is further",
    ),
    "best": st.column_config.TextColumn(
        "Best",
        help="Validation score of the best trial; ↑ higher is better, ↓ lower is better",
        width=150,
    ),
    "gpu_hours": st.column_config.NumberColumn("GPU-hours", format="%.2f", help="Used so far", width="small"),
    "cpu_hours": st.column_config.NumberColumn("CPU-hours", format="%.2f", help="Used so far", width="small"),
    "left": st.column_config.TextColumn(
        "Time left", help="About, from the share that is done", width="small"
    ),
    "failed": st.column_config.NumberColumn("Failed", help="Trials that failed", width="small"),
    "dataset": st.column_config.TextColumn("Data set"),
    "owner": st.column_config.TextColumn("Owner", help="Who submitted it", width="small"),
    "families": st.column_config.TextColumn("Families"),
    "updated": st.column_config.DatetimeColumn("Updated (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"),
}


def page() -> None:
    shell.live(_list, _any_active, key="live")


def _any_active(snapshot: Snapshot) -> bool:
    counts = queries.overview(snapshot)
    return bool(counts["state"].is_in(words.ACTIVE).any())


def _list(snapshot: Snapshot) -> None:
    shell.heading(TITLE, snapshot, "searches")
    counts = queries.overview(snapshot)
    if counts.height == 0:
        _empty(snapshot)
        return
    _needs_you(snapshot, counts)
    _summary(counts)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        wanted, contains, dataset = _filters(snapshot, counts)
        _new()
    found, n_found = queries.searches(snapshot, wanted, contains, dataset)
    if n_found == 0:
        st.info("No search fits this filter.", icon=":material/filter_alt:")
    else:
        _table(snapshot, found, n_found)
    shell.same_data(snapshot.command("status", "--json"))


def _empty(snapshot: Snapshot) -> None:
    st.info("There is no search in this store yet. Start one:", icon=":material/rocket_launch:")
    _new()
    commands = (
        snapshot.command("demo"),
        snapshot.command("search", "houses.csv", "--target", "price"),
        snapshot.command("search", "spec.yaml"),
    )
    st.code("\n".join(commands), language=None)


def _new() -> None:
    if links.there("new"):
        links.link("New search", "new", ":material/add:")


def _needs_you(snapshot: Snapshot, counts: pl.DataFrame) -> None:
    """What failed, and what has fallen silent, before anything else."""
    failed = counts.filter(pl.col("state") == "failed")
    if failed.height:
        reasons = ", ".join(f"{row['reason'] or 'no reason given'} ({row['n']})" for row in failed.to_dicts())
        n_failed = int(failed["n"].sum())
        said = words.plural(n_failed, "search", "searches")
        st.error(f"{said} failed: {words.escape(reasons)}", icon=":material/error:")
        with st.container(gap="xxsmall", key="failed"):
            for row in queries.last_failed(snapshot):
                _named(row["search_id"], ": ".join(part for part in (row["reason"], row["message"]) if part))
            if n_failed > queries.MAX_FAILED:
                st.caption(
                    f"The last {queries.MAX_FAILED} of {n_failed:,}; the state below shows all of them."
                )
    for search_id, seconds in queries.quiet(snapshot, queries.running(snapshot)):
        said = f"{words.escape(search_id, 80)} has given no sign of life for {words.duration(seconds)}."
        st.warning(said, icon=":material/heart_broken:")
        _named(search_id, "Whoever ran it may be gone; its page says how it goes on.")


def _named(search_id: str, said: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        links.link(search_id, "search", id=search_id)
        st.text(words.text(said, 200), width="content")


def _summary(counts: pl.DataFrame) -> None:
    """How many there are by state."""
    n = dict(counts.group_by("state").agg(pl.col("n").sum()).iter_rows())
    active = sum(n.get(name, 0) for name in words.ACTIVE)
    with st.container(horizontal=True):
        st.metric("Searches", f"{counts['n'].sum():,}", border=True)
        st.metric("▶ Active", f"{active:,}", border=True)
        st.metric("✔ Complete", f"{n.get('complete', 0):,}", border=True)
        st.metric("◼ Stopped", f"{n.get('stopped', 0):,}", border=True)
        st.metric("✖ Failed", f"{n.get('failed', 0):,}", border=True)


def _filters(snapshot: Snapshot, counts: pl.DataFrame) -> tuple[tuple[str, ...], str, str]:
    there = counts["state"].unique().to_list()
    states = [name for name in words.STATES if name in there]
    datasets = queries.datasets(snapshot)
    with st.container(horizontal=True, vertical_alignment="top", width="content"):
        contains = st.text_input(
            "Find",
            key="q",
            bind="query-params",
            placeholder="part of an id or a data set",
            icon=":material/search:",
            max_chars=100,
            width=300,
        )
        dataset = ALL
        if len(datasets) > 1:
            options = [ALL, *datasets]
            dataset = str(st.selectbox("Data set", options, key="dataset", bind="query-params", width=220))
        wanted = st.pills("State", states, selection_mode="multi", key="state", bind="query-params")
    return tuple(wanted), (contains or "").strip(), "" if dataset == ALL else dataset


def _table(snapshot: Snapshot, found: pl.DataFrame, n_found: int) -> None:
    owners = queries.owners(snapshot, tuple(found["search_id"]))
    shell.opening_table(
        queries.searches_table(found, owners, snapshot.moment),
        found["search_id"].to_list(),
        "search",
        key="searches",
        column_config=COLUMNS,
        height="auto" if found.height <= 12 else 460,
        alt="One row a search: state, progress, best score, cost. Select a row to open the search.",
    )
    st.caption(
        f"{found.height:,} shown of {n_found:,}, active ones first, then the last updated. "
        "Select a row to open a search."
    )
