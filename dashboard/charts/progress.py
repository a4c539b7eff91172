"""How a search gets better."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import HEIGHT, NO_ZERO, Drawn


def best_so_far(steps: pl.DataFrame, metric: str, goal: str) -> Drawn:
    """A step line over minutes; each step is the trial that made it.

    Args:
        steps: minute, score, trial, family; the last line only draws the line to its end.
    """
    title = f"{words.text(metric, 40)} ({words.direction(goal)})"
    base = alt.Chart(steps).encode(
        alt.X("minute:Q", title="minutes since the first trial began"),
        alt.Y("score:Q", title=title, scale=NO_ZERO),
    )
    marks = base.transform_window(place="row_number()").transform_filter(f"datum.place < {steps.height}")
    tooltip = [alt.Tooltip("trial:Q"), alt.Tooltip("family:N"), alt.Tooltip("score:Q", format=".5g")]
    points = marks.mark_point(filled=True, size=55, opacity=1).encode(tooltip=tooltip)
    line = base.mark_line(interpolate="step-after", strokeWidth=2.5)
    return alt.layer(line, points).properties(height=HEIGHT)
