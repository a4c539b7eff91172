"""How far each parameter explains the score, and the score against each."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import shell, words
from dashboard.charts import importance as importance_charts
from dashboard.charts import slices as slice_charts
from dashboard.queries import importance as importance_queries
from dashboard.queries import parameters
from dashboard.queries import slices as slice_queries
from dashboard.queries.slices import Slices
from dashboard.snapshot import Snapshot
from dashboard.views import insights_choice
from dashboard.views.insights_choice import Choice

MOST_ROWS = 20  # of the importance chart
CHARTS = (6, 12, 24)  # small ones, to choose from
ACROSS = 3


def show(snapshot: Snapshot, row: dict[str, Any]) -> None:
    choice = insights_choice.choose(snapshot, row["search_id"])
    if not choice.summary.paths:
        st.info(
            "No parameter varies among these trials, so that none can explain the score.",
            icon=":material/tune:",
        )
        return
    st.caption(words.escape(choice.sentence(), 400))
    shares = _importance(snapshot, row["search_id"], choice)
    ordered = [*shares["path"], *(path for path in choice.summary.paths if path not in set(shares["path"]))]
    _slices(snapshot, row, choice, ordered)


def _importance(snapshot: Snapshot, search_id: str, choice: Choice) -> pl.DataFrame:
    """Draws it, or says why not."""
    st.subheader("How far each parameter alone explains the score", anchor=False)
    shares = importance_queries.importance(snapshot, search_id, choice.family, choice.rung)
    n_counting, least = choice.summary.n_counting, importance_queries.LEAST
    if n_counting < least:
        kind = "trials" if choice.rung is not None else "complete trials"
        st.info(
            f"It takes {least} {kind} to say, and there are {n_counting} so far.",
            icon=":material/hourglass_empty:",
        )
        return shares
    if shares.height == 0:
        st.info(f"No parameter varies among {least} or more of these trials.", icon=":material/tune:")
        return shares
    labels = shares["path"].map_elements(lambda path: words.text(path, 60), pl.String)
    shown = shares.select(labels.alias("label"), pl.exclude("path", "column")).head(MOST_ROWS)
    first = shown.row(0, named=True)
    described = (
        f"Share of the order of the scores that each parameter explains alone, with 95 % intervals; first "
        f"{first['label']} with {first['share']:.2f} ({first['low']:.2f} to {first['high']:.2f}), where chance gives "
        f"{first['chance']:.2f}."
    )
    shell.chart(importance_charts.importance(shown), described, shown, "importance")
    st.caption(_about(shares, n_counting))
    return shares


def _about(shares: pl.DataFrame, n_counting: int) -> str:
    cut = (
        f"{MOST_ROWS} shown of {shares.height} parameters, the surest first. "
        if shares.height > MOST_ROWS
        else ""
    )
    most = importance_queries.MOST
    sampled = f"From {most:,} of {n_counting:,} trials, chosen at random. " if n_counting > most else ""
    n_above = shares.filter(pl.col("low") > pl.col("chance")).height
    verdict = f"{words.plural(n_above, 'parameter')} of {shares.height} explain{'s' if n_above == 1 else ''}"
    if n_above == 0:
        verdict = f"None of {words.plural(shares.height, 'parameter')} surely explains"
    return (
        f"{cut}{sampled}{verdict} more than chance. The share is eta squared of the ranks of the scores over groups "
        f"of the values (numbers: up to {importance_queries.BINS} of equal size); the upright mark is what chance "
        f"gives, the bar a 95 % bootstrap interval. Parameters that act only together with others are not seen here."
    )


def _slices(snapshot: Snapshot, row: dict[str, Any], choice: Choice, ordered: list[str]) -> None:
    metric, goal = row["metric"], row["goal"]
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.subheader("Score against each parameter", anchor=False, width="content")
        counts = [n for n in CHARTS if n < len(ordered)] + [min(len(ordered), CHARTS[-1])]
        options = [str(n) for n in dict.fromkeys(counts)]
        n_shown = options[0]
        if len(options) > 1:
            n_shown = st.selectbox("Charts", options, key="charts", bind="query-params", width=100)
    paths = tuple(ordered[: int(n_shown)])
    found = slice_queries.slices(snapshot, row["search_id"], choice.family, choice.rung, paths, goal)
    if found.n_trials == 0:
        st.info("No trial has a score to draw yet.", icon=":material/hourglass_empty:")
        return
    st.caption(_legend(found, choice, metric, goal, len(ordered)))
    for begin in range(0, len(found.parameters), ACROSS):
        for place, one in zip(st.columns(ACROSS), found.parameters[begin : begin + ACROSS], strict=False):
            with place:
                drawn = slice_charts.slice_of(
                    found.points, found.cells.get(one.column), one, metric, found.axis
                )
                shell.picture(drawn, f"{metric} against {one.path}.", f"slice-{one.column}")
    data = parameters.readable(found.points.drop("jitter"), found.parameters)
    shell.numbers(data, f"{metric} and the parameters", "slices")


def _legend(found: Slices, choice: Choice, metric: str, goal: str, n_parameters: int) -> str:
    star = ""
    if found.best and found.points["is_best"].any():
        star = f" ★ trial {found.best[0]}, the best in the end ({number(found.best[1])})."
    states = {"complete": "● complete", "stopped": "◇ stopped early", "failed": "✚ failed"}
    there = [text for state, text in states.items() if state in found.points["state"]]
    fewer = (
        " Stopped trials have had fewer epochs."
        if choice.rung is None and "stopped" in found.points["state"]
        else ""
    )
    shown = (
        f"{len(found.parameters)} shown of {words.plural(n_parameters, 'parameter')}, in the order above. "
    )
    cells = ""
    if found.cells:
        of_all = ", complete and stopped," if choice.rung is None else ""
        cells = (
            f" All {found.n_trials:,} trials{of_all} are in the cells, the stronger the grey, the more; the best "
            f"{found.points.height:,} are points too."
        )
    guessed = (
        "" if choice.summary.described else " The space cannot be read: scales are guessed from the values."
    )
    goals = f"{words.text(metric, 40)}: {words.direction(goal)}. {', '.join(there)}.{star}"
    return words.escape(f"{shown}{goals}{fewer}{cells}{found.axis.sentence()}{guessed}", 800)
