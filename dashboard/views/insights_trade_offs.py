"""What is best in several respects: the Pareto front of the objectives, or quality against cost."""

from __future__ import annotations

from typing import Any

import streamlit as st

from automl.metric import Goal
from dashboard import shell, words
from dashboard.charts import pareto as charts
from dashboard.queries import pareto as queries
from dashboard.queries.description import description
from dashboard.queries.pareto import COSTS, Front
from dashboard.queries.score_axis import score_axis
from dashboard.snapshot import Snapshot

Objectives = tuple[tuple[str, Goal], ...]


def show(snapshot: Snapshot, row: dict[str, Any]) -> None:
    objectives = _compared(_objectives(snapshot, row))
    found = queries.front(snapshot, row["search_id"], objectives)
    if found.n_trials == 0:
        names = " and ".join(words.text(name, 40) for name, _ in objectives)
        st.info(
            words.escape(f"No complete trial that meets the constraints has both {names} yet.", 300),
            icon=":material/hourglass_empty:",
        )
        return
    _draw(found)


def _objectives(snapshot: Snapshot, row: dict[str, Any]) -> Objectives:
    """What the search improves: the primary one first."""
    known = description(snapshot, row["search_id"])
    if known is not None and known.objectives:
        return known.objectives
    return ((row["metric"], row["goal"]),)


def _compared(objectives: Objectives) -> Objectives:
    """All objectives; a single one is compared with the cost that the address names."""
    if len(objectives) > 1:
        return objectives
    titles = {title: name for name, title in COSTS.items()}
    chosen = st.selectbox("Cost", list(titles), key="against", bind="query-params", width=240)
    return (*objectives, (titles[chosen], "min"))


def _draw(found: Front) -> None:
    up, across = _axes(found)
    titles = {column: _title(found, column) for column in found.names}
    st.subheader(words.escape(f"{_name(found, up)} against {_name(found, across)}", 120), anchor=False)
    axis = score_axis(found.frame[up], found.goals[up])
    drawn = charts.front(found.frame, across, up, titles, axis)
    described = (
        f"{found.n_trials:,} complete trials by {titles[up]} and {titles[across]}; "
        f"{found.n_on_front} are on the front."
    )
    renamed = {column: words.text(_name(found, column), 60) for column in found.names}
    data = (
        found.frame.filter("on_front")
        .drop("on_front")
        .sort(up, descending=found.goals[up] == "max")
        .rename(renamed)
    )
    shell.picture(drawn, described, "front")
    st.caption(words.escape(_about(found, axis.sentence()), 800))
    st.dataframe(
        data,
        hide_index=True,
        height="auto" if data.height <= 10 else 390,
        key="front-trials",
        placeholder="–",
        alt="One row a trial on the front, the best in the first objective on top.",
    )


def _axes(found: Front) -> tuple[str, str]:
    """Which objective goes up and which across; chosen where there are more than two."""
    columns = list(found.names)
    if len(columns) == 2:
        return columns[0], columns[1]
    by_name = {words.text(_name(found, column), 60): column for column in columns}
    with st.container(horizontal=True):
        up = st.selectbox("Up", list(by_name), key="up", bind="query-params", width=240)
        rest = [name for name in by_name if name != up]
        across = st.selectbox("Across", rest, key="across", bind="query-params", width=240)
    return by_name[up], by_name[across]


def _name(found: Front, column: str) -> str:
    return COSTS.get(found.names[column], found.names[column])


def _title(found: Front, column: str) -> str:
    return f"{_name(found, column)} ({words.direction(found.goals[column])})"


def _about(found: Front, beyond: str) -> str:
    n_shown = found.frame.height
    cut = f"{n_shown:,} shown of {found.n_trials:,} complete trials: the front, and others chosen at random. "
    all_of_them = f"All {words.plural(found.n_trials, 'complete trial')}. "
    respects = "all objectives" if len(found.names) > 2 else "both"
    is_are = "trial is" if found.n_on_front == 1 else "trials are"
    return (
        f"{cut if n_shown < found.n_trials else all_of_them}{found.n_on_front:,} {is_are} on the front (full marks, "
        f"and the table below): no other is as good in {respects} and better in one.{beyond}"
    )
