"""Ranks over several data sets."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard.charts.costs import SHAPES
from dashboard.charts.look import UNKNOWN_COLOUR, Drawn


def ranks(marks: pl.DataFrame) -> Drawn:
    """One line a method in the order of the frame: a stroke for its rank on each data set, a mark for their mean.

    Args:
        marks: method, kind ("network" or "baseline"), dataset, rank, mean_rank.
    """
    kinds = [kind for kind in SHAPES if kind in marks["kind"]]
    labelled = marks.with_columns(label=pl.format("{} ({})", "method", "kind"))
    order = labelled["label"].unique(maintain_order=True).to_list()
    scale = alt.Scale(domain=[0.5, max(2.0, float(marks["rank"].max() or 1)) + 0.5], nice=False)  # type: ignore[arg-type]
    axis = alt.Axis(tickMinStep=1, format="d", grid=True)
    row = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=320, grid=True))
    title = "rank among the methods on a data set (1 is the best)"
    strokes = (
        alt.Chart(labelled)
        .mark_tick(thickness=2, size=18, color=UNKNOWN_COLOUR)
        .encode(
            alt.X("rank:Q", title=title, scale=scale, axis=axis),
            row,
            tooltip=[alt.Tooltip("method:N"), alt.Tooltip("dataset:N"), alt.Tooltip("rank:Q", format=".3g")],
        )
    )
    means = (
        alt.Chart(labelled.unique("label", keep="first", maintain_order=True))
        .mark_point(filled=True, size=140, opacity=1)
        .encode(
            alt.X("mean_rank:Q", title=title, scale=scale, axis=axis),
            row,
            alt.Color("kind:N", scale=alt.Scale(domain=kinds), legend=alt.Legend(orient="top", title=None)),
            alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=[SHAPES[kind] for kind in kinds])),
            tooltip=[alt.Tooltip("method:N"), alt.Tooltip("mean_rank:Q", format=".3g", title="mean rank")],
        )
    )
    return alt.layer(strokes, means).properties(height=36 * len(order) + 110)
