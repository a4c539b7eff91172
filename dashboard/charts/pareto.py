"""Quality against quality or against cost, with the front."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import NO_ZERO, UNKNOWN_COLOUR, Drawn, family_colour, family_shape
from dashboard.queries.score_axis import ScoreAxis

HEIGHT = 380
WIDE = 20.0  # a ratio of the largest to the least from which on an axis is logarithmic


def front(rows: pl.DataFrame, across: str, up: str, names: dict[str, str], axis: ScoreAxis) -> Drawn:
    """One mark a trial, hollow where another is better in every respect; a line joins those on a front of two.

    Args:
        rows: trial, family, on_front, and the columns `across` and `up`.
        names: titles of all that is compared, by column.
        axis: how far the one that goes up reaches.
    """
    used = sorted(set(rows["family"]))
    ticks = alt.Axis(tickCount=8, labelOverlap=True)
    x = alt.X(f"{across}:Q", title=words.text(names[across], 80), scale=_scale(rows[across]), axis=ticks)
    scale = alt.Scale(domain=[axis.low, axis.high], clamp=True, nice=True)
    y = alt.Y(f"{up}:Q", title=words.text(names[up], 80), scale=scale)
    tooltip = [
        alt.Tooltip("trial:Q"),
        alt.Tooltip("family:N"),
        *(
            alt.Tooltip(f"{name}:Q", title=words.text(names[name], 80), format=",.5g")
            for name in (across, up)
        ),
    ]
    on_front = rows.filter("on_front").sort(across)
    line = alt.Chart(on_front).mark_line(
        interpolate="linear", strokeWidth=1.5, strokeDash=[4, 3], color=UNKNOWN_COLOUR
    )
    others = alt.Chart(rows.filter(~pl.col("on_front"))).mark_point(size=34, opacity=0.6, strokeWidth=1.3)
    best = alt.Chart(on_front).mark_point(filled=True, size=120, opacity=1)
    marks = [
        layer.encode(x, y, family_colour(used), family_shape(used), tooltip=tooltip)
        for layer in (others, best)
    ]
    joined = [line.encode(x, y)] if len(names) == 2 else []  # of more, the front is no line in two of them
    return alt.layer(*joined, *marks).properties(height=HEIGHT)


def _scale(values: pl.Series) -> alt.Scale:
    low, high = values.min(), values.max()
    wide = isinstance(low, float) and isinstance(high, float) and low > 0 and high / low >= WIDE
    return alt.Scale(type="log", nice=False) if wide else NO_ZERO
