"""Quality against cost."""

from __future__ import annotations

from math import ceil, floor, log10

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import NO_ZERO, UNKNOWN_COLOUR, Drawn

HEIGHT = 340
ROOM = 1.4  # by which the axis of costs goes on at both ends
SHAPES = {"network": "circle", "baseline": "diamond"}


def quality_against_cost(priced: pl.DataFrame, metric: str, goal: str, cost: str) -> Drawn:
    """One mark an entry, the cost on a logarithmic axis; a line joins the entries that nothing else beats in both.

    Args:
        priced: entry, what ("network" or "baseline"), family, score, cost, front.
        cost: the title of the axis, with the unit.
    """
    kinds = [kind for kind in SHAPES if kind in priced["what"]]
    costs = priced["cost"].to_list()
    low, high = min(costs) / ROOM, max(costs) * ROOM
    base = alt.Chart(priced).encode(
        alt.X(
            "cost:Q",
            title=f"{cost} (logarithmic)",
            scale=alt.Scale(type="log", nice=False, domain=[low, high]),
            axis=alt.Axis(format=",~r", values=ticks(low, high), labelOverlap=True),
        ),
        alt.Y("score:Q", title=f"{words.text(metric, 40)} ({words.direction(goal)})", scale=NO_ZERO),
    )
    front = base.transform_filter("datum.front").mark_line(
        interpolate="step-after", strokeDash=[6, 3], strokeWidth=1.5, color=UNKNOWN_COLOUR
    )
    marks = base.mark_point(filled=True, opacity=1).encode(
        alt.Color("what:N", scale=alt.Scale(domain=kinds), legend=alt.Legend(orient="top", title=None)),
        alt.Shape("what:N", scale=alt.Scale(domain=kinds, range=[SHAPES[kind] for kind in kinds])),
        size=alt.condition("datum.front", alt.value(170), alt.value(60)),
        tooltip=[
            *(alt.Tooltip(f"{name}:N") for name in ("entry", "family", "what")),
            alt.Tooltip("score:Q", format=".5g"),
            alt.Tooltip("cost:Q", format=".4g", title=cost),
            alt.Tooltip("front:N", title="on the Pareto front"),
        ],
    )
    return alt.layer(front, marks).properties(height=HEIGHT)


def ticks(low: float, high: float) -> list[float]:
    """Where a logarithmic axis has its numbers: at powers of ten, or between them too where few are in sight.

    >>> ticks(0.5, 200.0), ticks(3.0, 18.0)
    ([1.0, 10.0, 100.0], [5.0, 10.0])
    """
    exponents = range(floor(log10(low)), ceil(log10(high)) + 1)
    for factors in ((1,), (1, 2, 5), (1, 2, 3, 4, 5, 6, 7, 8, 9)):
        every = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        found = [tick for tick in every if low <= tick <= high]
        if len(found) > 1:
            return found
    return [(low * high) ** 0.5]
