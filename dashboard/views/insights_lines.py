"""Parallel coordinates: every parameter of a trial at once, to be narrowed down by dragging."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import shell, words
from dashboard.charts.parallel import HEIGHT, parallel
from dashboard.queries import importance, parameters
from dashboard.queries import parallel as queries
from dashboard.snapshot import Snapshot
from dashboard.views import insights_choice


def show(snapshot: Snapshot, row: dict[str, Any]) -> None:
    search_id, metric, goal = row["search_id"], row["metric"], row["goal"]
    choice = insights_choice.choose(snapshot, search_id)
    if not choice.summary.paths:
        st.info(
            "No parameter varies among these trials: there is nothing to lay side by side.",
            icon=":material/tune:",
        )
        return
    shares = importance.importance(snapshot, search_id, choice.family, choice.rung)
    ordered = [*shares["path"], *(path for path in choice.summary.paths if path not in set(shares["path"]))]
    found = queries.lines(
        snapshot, search_id, choice.family, choice.rung, tuple(ordered[: queries.MOST_AXES]), goal
    )
    if found.frame.height == 0:
        st.info("No trial has a score to draw yet.", icon=":material/hourglass_empty:")
        return
    st.caption(words.escape(choice.sentence(), 400))
    names = ", ".join(one.path for one in found.parameters)
    described = (
        f"Parallel coordinates of {found.frame.height:,} trials: {names}, and {metric} on the last axis."
    )
    st.echarts_chart(
        parallel(found, metric, goal, st.context.theme.type or "light"),
        height=HEIGHT,
        key="lines",
        alt=words.text(described, 500),
    )
    st.caption(_about(found, metric, goal, len(ordered)))
    data = parameters.readable(found.frame.reverse(), found.parameters)
    shell.numbers(data, described, "lines")


def _about(found: queries.Lines, metric: str, goal: str, n_parameters: int) -> str:
    n_shown = found.frame.height
    how = "all of them"
    if n_shown < found.n_trials:
        how = f"the best {queries.BEST} and {queries.OTHERS} of the others, chosen at random"
    text = (
        f"{n_shown:,} shown of {words.plural(found.n_trials, 'trial')}, {how}; {len(found.parameters)} of "
        f"{words.plural(n_parameters, 'parameter')}, the surest to matter first. Drag along an axis to keep only the "
        f"lines that pass there; click the axis to let go. The last axis is {words.text(metric, 40)} "
        f"({words.direction(goal)}), the best on top, in the strongest colour. Where a trial does "
        f"not have a parameter, its line passes by."
    )
    return words.escape(text, 800)
