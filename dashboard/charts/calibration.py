"""Whether probabilities come true."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import HEIGHT, STATE_COLOURS, UNKNOWN_COLOUR, Drawn

_SHARE = alt.Scale(domain=[0, 1])


def reliability(bins: pl.DataFrame, said: str, came_true: str) -> Drawn:
    """What was said against what came true; on the dashed line both are equal, and the bars are the gaps.

    Args:
        bins: n, said, true.
        said, came_true: titles of the axes.
    """
    line = pl.DataFrame({"said": [0.0, 1.0], "true": [0.0, 1.0]})
    across = alt.X("said:Q", title=words.text(said, 80), scale=_SHARE, axis=alt.Axis(format="%", tickCount=5))
    up = alt.Y(
        "true:Q", title=words.text(came_true, 80), scale=_SHARE, axis=alt.Axis(format="%", tickCount=5)
    )
    equal = (
        alt.Chart(line).mark_line(strokeDash=[5, 4], strokeWidth=1.5, color=UNKNOWN_COLOUR).encode(across, up)
    )
    tooltip = [
        alt.Tooltip("said:Q", title="said", format=".1%"),
        alt.Tooltip("true:Q", title="came true", format=".1%"),
        alt.Tooltip("n:Q", title="rows", format=","),
    ]
    base = alt.Chart(bins).encode(across, tooltip=tooltip)
    gaps = base.mark_rule(strokeWidth=5, opacity=0.45, color=STATE_COLOURS["failed"])
    points = base.mark_point(filled=True, opacity=1).encode(
        up, alt.Size("n:Q", title="rows", scale=alt.Scale(range=[30, 320]), legend=alt.Legend(orient="right"))
    )
    return alt.layer(equal, gaps.encode(up, alt.Y2("said:Q")), points).properties(height=HEIGHT + 40)
