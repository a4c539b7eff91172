"""The learning curves of one trial, with the part marked in which it overfits."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import HEIGHT, NO_ZERO, Drawn

_SHADED = (
    "#D55E00"  # stands out from both backgrounds; the shade is also said in the sentence below the chart
)
_BEST = "#2E86C1"


def curve(
    values: pl.DataFrame,
    title: str,
    best: tuple[int, float] | None = None,
    shaded: tuple[int, float] | None = None,
) -> Drawn:
    """One curve by epoch.

    Args:
        values: epoch, value.
        best: epoch and value of the best one, marked by a diamond and a dashed line.
        shaded: from which epoch on, and to which value, the gap is shaded.
    """
    last = max(values["epoch"], default=1)
    scale = alt.Scale(domain=[1, max(2, last)], nice=False, zero=False)
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1), scale=scale)
    y = alt.Y("value:Q", title=words.text(title, 60), scale=NO_ZERO)
    tooltip = [alt.Tooltip("epoch:Q"), alt.Tooltip("value:Q", format=".5g")]
    layers: list[alt.Chart] = []
    if shaded is not None:
        gap = values.filter(pl.col("epoch") >= shaded[0]).with_columns(level=pl.lit(shaded[1]))
        area = alt.Chart(gap).mark_area(opacity=0.28, color=_SHADED)
        layers.append(area.encode(x, y, alt.Y2("level:Q")))
    line = alt.Chart(values).mark_line(strokeWidth=2.5, point=values.height == 1)
    layers.append(line.encode(x, y, tooltip=tooltip))
    if best is not None:
        point = alt.Chart(pl.DataFrame({"epoch": [best[0]], "value": [best[1]]}))
        layers.append(point.mark_rule(strokeDash=[4, 3], color=_BEST).encode(x))
        marked = point.mark_point(shape="diamond", filled=True, size=130, color=_BEST, opacity=1)
        layers.append(marked.encode(x, y, tooltip=tooltip))
    return alt.layer(*layers).properties(height=HEIGHT)
