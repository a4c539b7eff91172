"""The logs of a search: what its driver and its workers say, and for which reasons trials failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from automl.errors import NotFoundError, RequestError
from automl.store.signs import log_tail
from dashboard import shell, words
from dashboard.queries import trials
from dashboard.snapshot import Snapshot

TAIL_BYTES = 64 * 1024  # of a log that are shown
FAILURES = {
    "reason": st.column_config.TextColumn("Reason"),
    "n": st.column_config.NumberColumn("Trials", width="small"),
    "trial": st.column_config.NumberColumn("First trial", width="small"),
    "message": st.column_config.TextColumn("Its message", width="large"),
}


def show(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    """
    Args:
        row: of the table `searches`.
    """
    _failures(snapshot, row["search_id"])
    st.subheader("Logs", anchor=False)
    try:
        names = snapshot.results.log_names(row["search_id"])
    except (NotFoundError, RequestError):  # only the tables know it
        names = []
    if not names:
        st.info("This search has no logs in the store.", icon=":material/notes:")
        return
    name = str(st.selectbox("Log", names, key="log", bind="query-params", width=340))
    tail, size = log_tail(snapshot.store, row["search_id"], name, TAIL_BYTES)
    if size == 0:
        st.info("Nothing was written to it.", icon=":material/notes:")
    else:
        if size > len(tail):
            tail = tail[tail.find(b"\n") + 1 :]  # from the first whole line on
        with st.container(height=460, border=False, autoscroll=True):  # its end is what is looked for
            st.code(plain(tail), language=None, wrap_lines=True)
        st.caption(f"{len(tail):,} bytes shown of {size:,}, the end of the log.")
    shell.same_data(snapshot.command("logs", row["search_id"], "--follow"))


def plain(part: bytes) -> str:
    """Lines of a log without signs that would change what is seen."""
    return "\n".join(words.text(line, 2000) for line in part.decode(errors="replace").splitlines())


def _failures(snapshot: Snapshot, search_id: str) -> None:
    found = trials.failures(snapshot, search_id)
    if found.height == 0:
        return
    st.subheader("Why trials failed", anchor=False)
    st.dataframe(
        trials.failures_table(found),
        hide_index=True,
        column_config=FAILURES,
        key="failures",
        placeholder="–",
        alt="One row a reason: how many trials failed for it, and the message of the first.",
    )
    st.caption("`automl logs SEARCH/TRIAL` prints what was said of one trial, attempt by attempt.")
