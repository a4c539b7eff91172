"""Refits of finalists."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import NO_ZERO, Drawn, family_colour


def refits(scores: pl.DataFrame, summary: pl.DataFrame, metric: str, goal: str) -> Drawn:
    """One line a finalist, the best on top: a circle for each seed, and a bar at their mean.

    Args:
        scores: trial, family, seed, score.
        summary: trial, family, seeds, mean.
    """
    label = pl.format("trial {}", "trial").alias("label")
    order = summary.select(label)["label"].to_list()
    title = f"{words.text(metric, 40)} on validation rows ({words.direction(goal)})"
    rows = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(grid=True))
    colour = family_colour(summary["family"].unique().to_list())
    score = alt.Tooltip("score:Q", format=".5g")
    x = alt.X("score:Q", title=title, scale=NO_ZERO)
    points = alt.Chart(scores.with_columns(label, pl.col("seed").cast(pl.String))).mark_point(
        size=90, strokeWidth=2, opacity=1
    )
    means = alt.Chart(summary.select(label, "family", "seeds", score="mean"))
    seeds = alt.Tooltip("seeds:Q", title="mean of seeds")
    return alt.layer(
        points.encode(x, rows, colour, tooltip=["label:N", "family:N", "seed:N", score]),
        means.mark_tick(thickness=4, size=26, opacity=1).encode(
            x, rows, colour, tooltip=["label:N", "family:N", seeds, score]
        ),
    ).properties(height=48 * summary.height + 110)
