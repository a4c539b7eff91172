"""One search: how far it is, what it found, what went wrong; renewed by itself while it runs."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import links, shell, words
from dashboard.charts import curves as curve_charts
from dashboard.charts import progress, states
from dashboard.queries import curves as curve_queries
from dashboard.queries import searches as search_queries
from dashboard.queries import trials as trial_queries
from dashboard.snapshot import Snapshot

TITLE = "Search"
ICON = ":material/query_stats:"
ORDER = 3
HIDDEN = True

COLUMNS = {
    "trial": st.column_config.NumberColumn("Trial", width="small", pinned=True),
    "state": st.column_config.TextColumn("State", width="small"),
    "reason": st.column_config.TextColumn("Reason", width="small"),
    "family": st.column_config.TextColumn("Family"),
    "score": st.column_config.NumberColumn("Score", format="%.5g", help="On the validation rows"),
    "epochs": st.column_config.NumberColumn("Epochs", width="small"),
    "seconds": st.column_config.NumberColumn("Seconds", format="%.3g", help="Of training", width="small"),
    "weights": st.column_config.NumberColumn("Weights", format="localized", help="Numbers that are learned"),
    "parameters": st.column_config.TextColumn("Parameters", width="large"),
    "message": st.column_config.TextColumn("Message"),
}


def page() -> None:
    search_id = links.asked("id")
    draw = partial(_draw, search_id=search_id)
    shell.live(draw, partial(_is_active, search_id=search_id), key="live")


def _is_active(snapshot: Snapshot, search_id: str) -> bool:
    """Whether it may change by itself."""
    row = search_queries.search(snapshot, search_id)
    return row is not None and row["state"] in words.ACTIVE


def _draw(snapshot: Snapshot, search_id: str) -> None:
    row = search_queries.search(snapshot, search_id)
    if row is None:
        shell.unknown("search", search_id, snapshot)
        return
    shell.heading(words.escape(search_id, 80), snapshot, "trials")
    _head(row)
    counts = trial_queries.states(snapshot, search_id)
    if counts.height == 0:
        later = "No trial has ended yet: charts and trials appear here as they do."
        said = later if row["state"] in words.ACTIVE else "No trial ended in this search."
        st.info(said, icon=":material/schedule:")
    else:
        _results(snapshot, row, counts)
    st.subheader("On the command line", anchor=False)
    trials, board = (snapshot.command(name, search_id, "--json") for name in ("trials", "leaderboard"))
    st.code(f"{trials}\n{board}", language=None, wrap_lines=True)


def _head(row: dict[str, Any]) -> None:
    _, icon, colour = words.STATES.get(row["state"], words.UNKNOWN)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(words.escape(row["state"], 40), icon=icon, color=colour)
        if row["state"] in words.ACTIVE:
            st.caption(f"renewed every {shell.LIVE_SECONDS:.0f} s", width="content")
        st.text(words.text(f"{row['task']} on {row['dataset']} · families: {', '.join(row['families'])}"))
    if row["reason"] or row["message"]:
        body = ": ".join(part for part in (row["reason"], row["message"]) if part)
        with st.container(border=True):
            st.text(words.text(body, 1500))
    n_done = row["n_complete"] + row["n_stopped"] + row["n_failed"]
    planned = "" if row["n_planned"] is None else f" / {row['n_planned']:,}"
    with st.container(horizontal=True):
        best = f"Best {words.escape(row['metric'], 40)} {words.arrow(row['goal'])}"
        about = f"on validation rows; {words.direction(row['goal'])}"
        st.metric(best, number(row["best_score"]), border=True, help=about)
        st.metric("Trials ended", f"{n_done:,}{planned}", border=True)
        st.metric("✖ Failed", f"{row['n_failed']:,}", border=True)
        st.metric(
            "Refits", f"{row['n_refits']:,}", border=True, help="Finalists, trained again over fresh seeds"
        )
        st.metric("Training", words.duration(row["train_seconds"]), border=True, help="Summed over trials")
        st.metric(
            "Updated (UTC)", f"{row['updated_at']:%H:%M:%S}", border=True, help=words.utc(row["updated_at"])
        )


def _results(snapshot: Snapshot, row: dict[str, Any], counts: pl.DataFrame) -> None:
    search_id, metric, goal = row["search_id"], row["metric"], row["goal"]
    if set(counts["state"]) == {"failed"}:
        _all_failed(counts)
    left, right = st.columns([3, 2])
    with left:
        st.subheader("Best so far", anchor=False)
        steps = trial_queries.best_so_far(snapshot, search_id)
        if steps.height:
            described = f"Best {metric} so far over time; it ends at {number(steps['score'][-1])}."
            shell.chart(progress.best_so_far(steps, metric, goal), described, steps, "best")
            st.caption("Complete trials that meet the constraints; their validation score.")
        else:
            st.info("No trial is complete yet.", icon=":material/hourglass_empty:")
    with right:
        st.subheader("Trials by state", anchor=False)
        described = ", ".join(
            f"{n} {state} {reason or ''}".strip() for state, reason, n in counts.iter_rows()
        )
        shell.chart(states.states(counts), f"Trials by state: {described}.", counts, "states")
    _curves(snapshot, search_id, metric)
    _trials(snapshot, search_id)


def _all_failed(counts: pl.DataFrame) -> None:
    reasons = ", ".join(f"{reason or 'no reason given'} ({n})" for _, reason, n in counts.iter_rows())
    st.error(
        f"Every trial so far failed: {words.escape(reasons)}. The messages stand in the table below.",
        icon=":material/error:",
    )


def _curves(snapshot: Snapshot, search_id: str, metric: str) -> None:
    st.subheader("Learning curves", anchor=False)
    values = curve_queries.curves(snapshot, search_id, metric)
    if values.height == 0:
        st.caption("There are none: they are drawn for complete trials.")
        return
    used = sorted(set(values["family"]))
    n_curves = values["trial"].n_unique()
    described = f"{metric} by epoch of the best {n_curves} trials; families: {', '.join(used)}."
    shell.chart(curve_charts.curves(values, metric), described, values, "curves")
    st.caption(
        f"{words.plural(n_curves, 'trial')} shown, the best complete ones; the best is the thick line."
    )


def _trials(snapshot: Snapshot, search_id: str) -> None:
    st.subheader("Trials", anchor=False)
    found, n_trials = trial_queries.top_trials(snapshot, search_id)
    st.dataframe(
        trial_queries.trials_table(found),
        hide_index=True,
        column_config=COLUMNS,
        height="auto" if found.height <= 10 else 420,
        key="trials",
        placeholder="–",
        alt="One row a trial, the best first: state, score, cost, parameters.",
    )
    order = "the complete ones first, the best on top"
    st.caption(f"{found.height:,} shown of {n_trials:,}, {order}.")
