"""Whether the machines are fine: what each runs, what waits, how full the disk is, how fresh the tables are."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit as st

from automl.errors import AutoMLError
from dashboard import actions, shell, words
from dashboard.queries import cluster as queries
from dashboard.snapshot import Snapshot

TITLE = "Cluster"
ICON = ":material/dns:"
ORDER = 8
ANSWER_SECONDS = 2.0  # how long the page waits for the service
LITTLE_SPACE = 0.05  # of a disk that is left

NODES = {
    "node": st.column_config.TextColumn("Machine", pinned=True),
    "state": st.column_config.TextColumn("State", width="small"),
    "cpus": st.column_config.TextColumn("CPU cores", help="Used of all", width="small"),
    "cpus_used": st.column_config.ProgressColumn("CPUs used", format="percent", width="small"),
    "gpus": st.column_config.TextColumn("GPUs", help="Used of all", width="small"),
    "gpus_used": st.column_config.ProgressColumn("GPUs used", format="percent", width="small"),
    "memory": st.column_config.NumberColumn("Memory (GiB)", format="%.1f", width="small"),
    "workers": st.column_config.TextColumn("Workers of searches", width="large"),
}
SEARCHES = {
    "search": st.column_config.TextColumn("Search", pinned=True),
    "state": st.column_config.TextColumn("State", width="small"),
    "user": st.column_config.TextColumn("User", width="small"),
    "workers": st.column_config.NumberColumn("Workers", width="small"),
    "waits_for": st.column_config.TextColumn("Waits for"),
    "lag": st.column_config.TextColumn(
        "In the tables", help="When the tables last heard of it", width="small"
    ),
}
TABLES = {
    "table": st.column_config.TextColumn("Table"),
    "version": st.column_config.NumberColumn("Version", width="small"),
    "rows": st.column_config.NumberColumn("Rows", format="localized"),
    "files": st.column_config.NumberColumn("Files", format="localized", width="small"),
    "megabytes": st.column_config.NumberColumn("Size (MB)", format="%.2f", width="small"),
    "written": st.column_config.DatetimeColumn(
        "Last written (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"
    ),
}


def page() -> None:
    shell.live(_page, _is_active, key="live-cluster")


def _is_active(snapshot: Snapshot) -> bool:
    """Whether something runs or waits."""
    return bool(queries.active(snapshot))


def _page(snapshot: Snapshot) -> None:
    shell.heading(TITLE, snapshot, "searches")
    st.caption(words.escape(actions.state(), 500))
    known = queries.active(snapshot)
    answer = _ask()
    _machines(answer)
    _searches(snapshot, known, known if answer is None else answer["searches"])
    _store(snapshot)
    shell.same_data(words.shell("automl", "cluster", "--json"))


def _ask() -> dict[str, Any] | None:
    """What the service says of its cluster; None where there is no service, or it says nothing in time."""
    remote = actions.service()
    if remote is None:
        return None
    try:
        return remote.cluster(ANSWER_SECONDS)
    except AutoMLError as error:
        st.warning(
            "**The service does not answer.** What follows comes from the store.", icon=":material/cloud_off:"
        )
        st.text(words.text(error, 800))
        return None


def _machines(answer: dict[str, Any] | None) -> None:
    st.subheader("Machines", anchor=False)
    if answer is None:
        st.caption("No service tells of machines: `automl serve` does, beside a cluster or on one machine.")
        return
    if answer["problem"]:
        st.warning(
            "**The cluster does not answer.** Searches and tables below come from the store.",
            icon=":material/cloud_off:",
        )
        st.text(words.text(answer["problem"], 800))
    nodes = answer["nodes"]
    if not nodes:
        return
    with st.container(horizontal=True):
        st.metric("Machines up", f"{sum(node['alive'] for node in nodes)} of {len(nodes)}", border=True)
        st.metric("GPUs used", queries.total(nodes, "gpus"), border=True)
        st.metric("CPU cores used", queries.total(nodes, "cpus"), border=True)
    st.dataframe(
        queries.nodes_table(nodes),
        hide_index=True,
        column_config=NODES,
        key="nodes",
        placeholder="–",
        alt="One row a machine: whether it is up, what of it is used, and by which searches.",
    )


def _searches(snapshot: Snapshot, known: list[dict[str, Any]], searches: list[dict[str, Any]]) -> None:
    st.subheader("Running and waiting", anchor=False)
    if not searches:
        st.caption("No search runs or waits.")
        return
    updated = {row["search_id"]: row["updated_at"] for row in known}
    shell.opening_table(
        queries.searches_table(searches, updated, snapshot.moment),
        [search["search_id"] for search in searches],
        "search",
        key="active",
        column_config=SEARCHES,
        alt="One row a search that runs or waits: its user, its workers, what it waits for. Select a row to open it.",
    )


def _store(snapshot: Snapshot) -> None:
    st.subheader("Store", anchor=False)
    _disk(snapshot)
    found = queries.tables(snapshot)
    if not found.height:
        st.caption("It has no tables yet: the first search makes them.")
        return
    st.dataframe(
        found, hide_index=True, column_config=TABLES, key="tables", alt="One row a table of the store."
    )
    last = max(found["written"].to_list())
    ago = words.duration(max(0.0, (datetime.now(UTC) - last).total_seconds()))
    st.caption(f"Trials appear in the tables some seconds after they end; the last were written {ago} ago.")


def _disk(snapshot: Snapshot) -> None:
    """How full the disk is, where the store is on one."""
    folder = Path(str(snapshot.store))
    if not folder.is_dir():
        st.caption("The store is a bucket, which says nothing of how much room is left.")
        return
    disk = shutil.disk_usage(folder)
    left = disk.free / disk.total
    said = f"{disk.free / 1e9:,.1f} GB of {disk.total / 1e9:,.1f} GB are free on its disk"
    if left < LITTLE_SPACE:
        st.warning(
            f"**Little room is left:** {said}. `automl gc --dry-run` says what can go.",
            icon=":material/hard_drive:",
        )
    else:
        st.caption(f"{said}.")
