"""The first tab of a search: is it still improving, what went wrong, and what the finalists came to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import shell, words
from dashboard.charts import curves as curve_charts
from dashboard.charts import finalists as finalist_charts
from dashboard.charts import progress as progress_charts
from dashboard.charts import states as state_charts
from dashboard.queries import curves as curve_queries
from dashboard.queries import finalists as finalist_queries
from dashboard.queries import progress, trials
from dashboard.snapshot import Snapshot

SINCE = {"time": "since the first trial began", "worker time": "of training, summed over workers"}
FINALISTS = {
    "trial": st.column_config.NumberColumn("Trial", width="small", pinned=True),
    "choice": st.column_config.TextColumn("Choice", width="small", help="What `automl pull SEARCH` takes"),
    "family": st.column_config.TextColumn("Family"),
    "seeds": st.column_config.NumberColumn("Seeds", width="small"),
    "mean": st.column_config.NumberColumn("Mean", format="%.5g", help="Of the scores on validation rows"),
    "spread": st.column_config.NumberColumn("± spread", format="%.2g", help="Standard deviation over seeds"),
    "least": st.column_config.NumberColumn("Least", format="%.5g"),
    "greatest": st.column_config.NumberColumn("Greatest", format="%.5g"),
    "weights": st.column_config.NumberColumn("Weights", format="localized", help="Numbers that are learned"),
    "latency_ms": st.column_config.NumberColumn("Latency (ms)", format="%.3g", help="Of one row"),
}


def show(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    """
    Args:
        row: of the table `searches`.
    """
    counts = trials.states(snapshot, row["search_id"])
    if counts.height == 0:
        later = "No trial has ended yet: charts and trials appear here as they do."
        said = later if row["state"] in words.ACTIVE else "No trial ended in this search."
        st.info(said, icon=":material/schedule:")
    else:
        _results(snapshot, row, counts)
    shell.same_data(snapshot.command("status", row["search_id"], "--json"))


def _results(snapshot: Snapshot, row: Mapping[str, Any], counts: pl.DataFrame) -> None:
    failures(snapshot, row, counts)
    if "complete" not in counts["state"]:
        so_far = "No trial is complete yet." if row["state"] in words.ACTIVE else "No trial is complete."
        st.info(so_far, icon=":material/hourglass_empty:")
        _ended(snapshot, row, counts)
        return
    left, right = st.columns([3, 2])
    with left:
        _best(snapshot, row)
    with right:
        _ended(snapshot, row, counts)
    _finalists(snapshot, row)
    _curves(snapshot, row)


def failures(snapshot: Snapshot, row: Mapping[str, Any], counts: pl.DataFrame) -> None:
    """Why trials failed: the commonest reason with its first message first; aloud where all did."""
    found = trials.failures(snapshot, row["search_id"])
    if found.height == 0:
        return
    first = found.row(0, named=True)
    reasons = ", ".join(f"{one['reason'] or 'no reason given'} ({one['n']:,})" for one in found.to_dicts())
    n_failed, n_ended = int(found["n"].sum()), int(counts["n"].sum())
    if n_failed == n_ended:
        st.error(f"Every trial so far failed: {words.escape(reasons)}.", icon=":material/error:")
    else:
        share = f"{n_failed:,} of {n_ended:,} trials failed: "
        st.warning(f"{share}{words.escape(reasons)}.", icon=":material/warning:")
    said = first["message"] or "It left no message."
    st.text(words.text(f"Trial {first['trial']} was the first with {first['reason']}: {said}", 1500))


def _best(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    search_id, metric, goal = row["search_id"], row["metric"], row["goal"]
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.subheader("Best so far", anchor=False, width="content")
        over = _over()
    others = progress.on_same_data(snapshot, search_id)
    steps = progress.best_so_far(snapshot, (search_id, *others), over)
    own = steps.filter(search_id=search_id)
    if own.height == 0:
        st.info("No complete trial has a score and meets the constraints.", icon=":material/hourglass_empty:")
        return
    with_others = words.plural(len(others), "other search", "other searches")
    end = number(own["score"][-1])
    described = f"Best {metric} so far over {over}; this search ends at {end}, beside {with_others}."
    drawn = progress_charts.best_so_far(steps, search_id, metric, goal, SINCE[over])
    shell.chart(drawn, described, steps.drop("steps"), "best")
    thinned = "" if own["steps"][0] <= progress.MAX_STEPS else f", of {own['steps'][0]:,} every n-th"
    beside = f" Beside it: the last {with_others} on the same rows." if others else ""
    st.caption(f"Complete trials that meet the constraints, by their validation score{thinned}.{beside}")


def _over() -> progress.Over:
    chosen = st.segmented_control(
        "Over",
        list(SINCE),
        default="time",
        required=True,
        key="over",
        bind="query-params",
        label_visibility="collapsed",
        width="content",
    )
    return cast(progress.Over, chosen)


def _ended(snapshot: Snapshot, row: Mapping[str, Any], counts: pl.DataFrame) -> None:
    st.subheader("Trials ended", anchor=False)
    found = progress.ended(snapshot, row["search_id"])
    totals = ", ".join(
        f"{n} {state}" for state, n in counts.group_by("state").agg(pl.col("n").sum()).sort("state").rows()
    )
    described = f"How many trials had ended in each state, over time; by now: {totals}."
    shell.chart(state_charts.ended(found), described, found, "states")
    if "stopped" in counts["state"]:
        st.caption("stopped: early, at a rung, because others were better.")


def _finalists(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    found = finalist_queries.finalists(snapshot, row["search_id"], row["metric"])
    if found.summary.height == 0:
        return
    st.subheader("Finalists", anchor=False)
    table, drawn = st.columns([3, 2])
    best = found.summary.row(0, named=True)
    with table:
        st.dataframe(
            finalist_queries.finalists_table(found),
            hide_index=True,
            column_config=FINALISTS,
            key="finalists",
            placeholder="–",
            alt="One row a finalist: the mean and the spread of its validation scores over seeds.",
        )
        st.caption(
            "The best trials, trained again over fresh seeds. Test rows never choose; the leaderboard shows them."
        )
        if found.chosen is not None:
            st.caption(f"Get the model of trial {found.chosen}, verified")
            st.code(
                snapshot.command("pull", row["search_id"], f"./{row['name']}"), language=None, wrap_lines=True
            )
    with drawn:
        described = (
            f"Validation {row['metric']} of each refit and the mean of each finalist; the best is trial "
            f"{best['trial']} with {number(best['mean'])}."
        )
        chart = finalist_charts.refits(found.scores, found.summary, row["metric"], row["goal"])
        shell.chart(chart, described, found.scores.with_columns(pl.col("seed").cast(pl.String)), "refits")
        st.caption("○ a refit with one seed, ❙ the mean of a finalist.")


def _curves(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    metric = row["metric"]
    st.subheader("Learning curves", anchor=False)
    values = curve_queries.curves(snapshot, row["search_id"], metric)
    if values.height == 0:
        st.caption("There are none: they are drawn for complete trials.")
        return
    used = sorted(set(values["family"]))
    n_curves = values["trial"].n_unique()
    described = f"{metric} by epoch of the best {n_curves} trials; families: {', '.join(used)}."
    shell.chart(curve_charts.curves(values, metric), described, values, "curves")
    st.caption(
        f"{words.plural(n_curves, 'trial')} shown, the best complete ones; the best is the thick line. Of more than "
        f"{curve_queries.MAX_POINTS} epochs every n-th is drawn."
    )
