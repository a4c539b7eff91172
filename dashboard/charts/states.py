"""How trials ended, over time."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import HEIGHT, STATE_COLOURS, UNKNOWN_COLOUR, Drawn
from dashboard.charts.spans import span

_DASHES = {"complete": [1, 0], "stopped": [6, 3], "failed": [2, 2]}


def ended(counts: pl.DataFrame) -> Drawn:
    """One rising line a state, with its sign, its name and its number at the end.

    Args:
        counts: minute, state, n.
    """
    known = [state for state in STATE_COLOURS if state in counts["state"]]
    order = known + sorted(set(counts["state"]) - set(known))
    time, unit = span(counts["minute"])
    named = pl.col("state").map_elements(words.state, pl.String)
    drawn = counts.select(time.alias("time"), "n", "state", named.alias("sign"))
    last = drawn.group_by("state", maintain_order=True).last()
    labelled = last.with_columns(pl.format("{} {}", "sign", pl.col("n")).alias("label"))
    colours = [STATE_COLOURS.get(state, UNKNOWN_COLOUR) for state in order]
    dashes = [_DASHES.get(state, [1, 3]) for state in order]
    encoded = [
        alt.X("time:Q", title=f"since the first trial began ({unit})", axis=alt.Axis(tickCount=8)),
        alt.Y("n:Q", title="trials ended", axis=alt.Axis(tickMinStep=1)),
        alt.Color("state:N", legend=None, scale=alt.Scale(domain=order, range=colours)),
    ]
    tooltip = [alt.Tooltip("state:N"), alt.Tooltip("n:Q", title="trials"), alt.Tooltip("time:Q", title=unit)]
    lines = (
        alt.Chart(drawn)
        .mark_line(interpolate="step-after", strokeWidth=2.5)
        .encode(
            *encoded,
            alt.StrokeDash("state:N", legend=None, scale=alt.Scale(domain=order, range=dashes)),
            tooltip=tooltip,
        )
    )
    names = alt.Chart(labelled).mark_text(align="right", dx=-4, dy=-10, fontSize=13, fontWeight="bold")
    return alt.layer(lines, names.encode(*encoded, text="label:N")).properties(height=HEIGHT + 60)
