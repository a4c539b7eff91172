"""Scores with their intervals."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import NO_ZERO, Drawn


def intervals(board: pl.DataFrame, metric: str, goal: str) -> Drawn:
    """One line an entry, in the order of the frame: its score as a mark, its interval as a bar.

    Args:
        board: label, what ("network" or "baseline"), rank, score, low, high, seeds.
    """
    order = board["label"].to_list()
    kinds = [kind for kind in ("network", "baseline") if kind in board["what"]]
    shapes = {"network": "circle", "baseline": "diamond"}
    base = alt.Chart(board).encode(
        alt.Y(
            "label:N", sort=order, title=None, axis=alt.Axis(labelLimit=320, labelOverlap=False, grid=True)
        ),
        alt.Color("what:N", scale=alt.Scale(domain=kinds), legend=alt.Legend(orient="top", title=None)),
        tooltip=[
            alt.Tooltip("rank:Q"),
            alt.Tooltip("label:N", title="entry"),
            *(alt.Tooltip(f"{name}:Q", format=".5g") for name in ("score", "low", "high")),
            alt.Tooltip("seeds:Q"),
        ],
    )
    title = f"{words.text(metric, 40)} on test rows ({words.direction(goal)})"
    score = alt.X("score:Q", title=title, scale=NO_ZERO)
    bars = base.mark_rule(strokeWidth=3).encode(alt.X("low:Q", title=title, scale=NO_ZERO), alt.X2("high:Q"))
    marks = base.mark_point(filled=True, size=130, opacity=1).encode(
        score, alt.Shape("what:N", scale=alt.Scale(domain=kinds, range=[shapes[kind] for kind in kinds]))
    )
    return alt.layer(bars, marks).properties(height=max(20, 46 - board.height) * board.height + 120)
