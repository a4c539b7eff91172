"""How a search gets better, beside the others on the same data."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import HEIGHT, NO_ZERO, STATE_COLOURS, UNKNOWN_COLOUR, Drawn
from dashboard.charts.spans import span

THIS, OTHERS = "this search", "others on the same data"


def best_so_far(steps: pl.DataFrame, search_id: str, metric: str, goal: str, since: str) -> Drawn:
    """A step line a search over time; that of this one is thick, and each step of it is the trial that made it.

    Args:
        steps: search_id, minute, score, trial, family; the last row of a search only draws its line to its end.
        since: what the time counts.
    """
    time, unit = span(steps["minute"])
    which = pl.when(pl.col("search_id") == search_id).then(pl.lit(THIS)).otherwise(pl.lit(OTHERS))
    drawn = steps.select(
        time.alias("time"), which.alias("which"), "score", "trial", "family", search=pl.col("search_id")
    )
    drawn = drawn.with_columns(pl.col("search").map_elements(words.text, pl.String))
    own = drawn.filter(which=THIS)
    kinds = [kind for kind in (THIS, OTHERS) if kind in drawn["which"]]
    colours = {THIS: STATE_COLOURS["complete"], OTHERS: UNKNOWN_COLOUR}
    colour = alt.Color(
        "which:N",
        scale=alt.Scale(domain=kinds, range=[colours[kind] for kind in kinds]),
        legend=alt.Legend(orient="top", title=None) if len(kinds) > 1 else None,
    )
    x = alt.X("time:Q", title=f"{since} ({unit})", axis=alt.Axis(tickCount=10))
    y = alt.Y("score:Q", title=f"{words.text(metric, 40)} ({words.direction(goal)})", scale=NO_ZERO)
    tooltip = [
        alt.Tooltip("search:N"),
        alt.Tooltip("trial:Q"),
        alt.Tooltip("family:N"),
        alt.Tooltip("score:Q", format=".5g"),
        alt.Tooltip("time:Q", title=unit, format=".3g"),
    ]
    others = alt.Chart(drawn.filter(which=OTHERS)).mark_line(
        interpolate="step-after", strokeWidth=1.5, strokeDash=[4, 3]
    )
    line = alt.Chart(own).mark_line(interpolate="step-after", strokeWidth=3)
    points = alt.Chart(own.head(-1)).mark_point(filled=True, size=60, opacity=1)
    return alt.layer(
        others.encode(x, y, colour, alt.Detail("search:N"), tooltip=tooltip),
        line.encode(x, y, colour),
        points.encode(x, y, colour, tooltip=tooltip),
    ).properties(height=HEIGHT + 60)
