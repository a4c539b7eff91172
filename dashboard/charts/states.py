"""How trials ended."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import HEIGHT, STATE_COLOURS, UNKNOWN_COLOUR, Drawn


def states(counts: pl.DataFrame) -> Drawn:
    """One bar a state, with its number, cut by reason.

    Args:
        counts: state, reason, n.
    """
    known = [state for state in STATE_COLOURS if state in counts["state"]]
    order = known + sorted(set(counts["state"]) - set(known))
    labelled = counts.with_columns(
        sign=pl.col("state").map_elements(words.state, pl.String), reason=pl.col("reason").fill_null("")
    )
    rows = alt.Y(
        "sign:N", sort=[words.state(name) for name in order], title=None, axis=alt.Axis(labelLimit=200)
    )
    colour = alt.Color(
        "state:N",
        legend=None,
        scale=alt.Scale(domain=order, range=[STATE_COLOURS.get(name, UNKNOWN_COLOUR) for name in order]),
    )
    tooltip = [alt.Tooltip("state:N"), alt.Tooltip("reason:N"), alt.Tooltip("n:Q", title="trials")]
    bars = (
        alt.Chart(labelled)
        .mark_bar(size=26)
        .encode(
            alt.X("n:Q", title="trials", axis=alt.Axis(tickMinStep=1, tickCount=5)),
            rows,
            colour,
            tooltip=tooltip,
            detail="reason:N",
        )
    )
    totals = labelled.group_by("sign").agg(pl.col("n").sum())
    numbers = (
        alt.Chart(totals)
        .mark_text(align="left", dx=6, fontSize=13, color=UNKNOWN_COLOUR)
        .encode(
            alt.X("n:Q"),
            alt.Y("sign:N", sort=[words.state(name) for name in order]),
            text=alt.Text("n:Q", format=","),
        )
    )
    return alt.layer(bars, numbers).properties(height=HEIGHT)
