"""The attempts at a trial or a refit, what they took, and their logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import streamlit as st

from automl.errors import AutoMLError
from dashboard import words
from dashboard.queries import logs as log_queries
from dashboard.queries.naming import Named
from dashboard.snapshot import Snapshot

COLUMNS = {
    "attempt": st.column_config.NumberColumn("Attempt", width="small", pinned=True),
    "state": st.column_config.TextColumn("State"),
    "reason": st.column_config.TextColumn("Reason"),
    "worker": st.column_config.TextColumn("Worker", width="small"),
    "device": st.column_config.TextColumn("Device", width="small"),
    "term": st.column_config.NumberColumn(
        "Term", width="small", help="Which life of the search's driver gave it out"
    ),
    "epochs": st.column_config.NumberColumn("Epochs", width="small"),
    "seconds": st.column_config.NumberColumn("Seconds", format="%.4g", help="Of training", width="small"),
    "memory": st.column_config.NumberColumn(
        "Memory (MB)", format="%.0f", width="small", help="The most that it held"
    ),
    "began": st.column_config.DatetimeColumn("Began (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"),
    "ended": st.column_config.DatetimeColumn("Ended (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"),
    "message": st.column_config.TextColumn("Message", width="large"),
}


def show(snapshot: Snapshot, named: Named, rows: pl.DataFrame, begun: Sequence[dict[str, Any]]) -> None:
    """One line an attempt, and the last lines that were logged of them.

    Args:
        rows: the attempts in the tables; none for a refit.
        begun: the attempts that the folder of the search knows of, also those that run.
    """
    lines = table(rows, begun)
    st.subheader("Attempts", anchor=False)
    st.dataframe(
        lines,
        hide_index=True,
        column_config=COLUMNS,
        key="attempts",
        placeholder="–",
        alt="One row an attempt, the first first: state, reason, worker, seconds, message.",
    )
    if lines.height > 1:
        st.caption("The last attempt counts. One that was lost is tried again from its last checkpoint.")
    st.subheader("Log", anchor=False)
    _log(snapshot, named, rows)


def table(rows: pl.DataFrame, begun: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """One line an attempt, for people; columns without a value are left out."""
    in_tables = {row["attempt"]: row for row in rows.to_dicts()}
    in_folder = {one["attempt"]: one for one in begun}
    lines = []
    for attempt in sorted({*in_tables, *in_folder}):
        row = in_folder.get(attempt, {}) | in_tables.get(attempt, {})
        memory = row.get("peak_memory_bytes")
        lines.append(
            {
                "attempt": attempt,
                "state": words.state(row["state"]),
                "reason": row.get("reason"),
                "worker": row.get("worker"),
                "device": row.get("device"),
                "term": row.get("term"),
                "epochs": row.get("n_epochs"),
                "seconds": row.get("train_seconds", row.get("seconds")),
                "memory": None if memory is None else memory / 1e6,
                "began": row.get("started_at"),
                "ended": row.get("ended_at"),
                "message": None if row.get("message") is None else words.text(row["message"], 2000),
            }
        )
    frame = pl.DataFrame(lines, infer_schema_length=None)
    return frame.select(name for name in frame.columns if frame[name].count())


def _log(snapshot: Snapshot, named: Named, rows: pl.DataFrame) -> None:
    workers = rows["worker"].drop_nulls().unique().sort().to_list() if rows.height else []
    try:
        found = log_queries.tail(snapshot, named, workers)
    except AutoMLError as error:
        st.caption(words.escape(error, 500))
        return
    if found.lines:
        shown = "\n".join(words.text(line, 500) for line in found.lines)
        st.code(shown, language=None, wrap_lines=True, height=420 if len(found.lines) > 16 else "content")
    st.caption(words.escape(_where(named, found), 500))
    st.code(snapshot.command("logs", str(named)), language=None, wrap_lines=True)


def _where(named: Named, found: log_queries.Tail) -> str:
    if not found.looked_at:
        return "There is no log of this search."
    there = (
        f"The last {words.plural(len(found.lines), 'line')} of" if found.lines else "Nothing was logged of"
    )
    cut = f", in the last {log_queries.MOST_BYTES // 2**20} MiB of each" if found.cut else ""
    return f"{there} {named.work} in {', '.join(found.looked_at)}{cut}."
