"""What the workers did when."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard.charts.look import STATE_COLOURS, UNKNOWN_COLOUR, Drawn

REFIT = "refit"
COLOURS = STATE_COLOURS | {REFIT: "#B8558C"}
OPACITIES = {
    "complete": 0.9,
    "stopped": 0.3,
    "failed": 0.0,
    REFIT: 0.6,
}  # of the fill; the outline is always there
DASHES = {"complete": [1, 0], "stopped": [1, 0], "failed": [3, 2], REFIT: [6, 2]}
_LANE = 14
_LEAST_ROW = 34
_FLATTEST_ROW = 16
_MOST_HEIGHT = 1200  # of all rows together, as long as that leaves each so much


def timeline(bars: pl.DataFrame, order: list[str]) -> Drawn:
    """One row a worker, one bar an attempt; full, pale or empty, and outlined, by how it ended.

    Args:
        bars: worker, lane, kind (a state, or "refit"), name, reason, started_at, ended_at.
        order: of the workers.
    """
    kinds = [kind for kind in COLOURS if kind in bars["kind"]]
    kinds += sorted(set(bars["kind"]) - set(kinds))
    n_lanes = 1 + int(bars.select(pl.col("lane").max().fill_null(0)).item())
    height = len(order) * min(
        max(_LEAST_ROW, _LANE * n_lanes), max(_FLATTEST_ROW, _MOST_HEIGHT // max(1, len(order)))
    )
    colours = alt.Scale(domain=kinds, range=[COLOURS.get(kind, UNKNOWN_COLOUR) for kind in kinds])
    dashes = alt.Scale(domain=kinds, range=[DASHES.get(kind, [2, 2]) for kind in kinds])
    tooltip = [
        *(
            alt.Tooltip("name:N"),
            alt.Tooltip("worker:N"),
            alt.Tooltip("kind:N", title="ended as"),
            alt.Tooltip("reason:N"),
        ),
        *(
            alt.Tooltip(f"{name}:T", format="%H:%M:%S", title=title)
            for name, title in (("started_at", "from (UTC)"), ("ended_at", "to (UTC)"))
        ),
    ]
    fill = pl.col("kind").replace_strict(OPACITIES, default=0.5, return_dtype=pl.Float64)
    drawn: alt.Chart = (
        alt.Chart(bars.with_columns(fill.alias("fill")))
        .mark_bar(strokeWidth=1.2, cornerRadius=1)
        .encode(
            alt.X(
                "started_at:T",
                title="time (UTC)",
                scale=alt.Scale(type="utc"),
                axis=alt.Axis(format="%H:%M:%S", tickCount=6, labelOverlap=True),
            ),
            alt.X2("ended_at:T"),
            alt.Y("worker:N", sort=order, title="worker", axis=alt.Axis(labelLimit=160)),
            alt.YOffset("lane:O"),
            alt.Color("kind:N", scale=colours, legend=alt.Legend(orient="top", title=None)),
            alt.Stroke("kind:N", scale=colours, legend=None),
            alt.FillOpacity("fill:Q", scale=None, legend=None),
            alt.StrokeDash("kind:N", scale=dashes, legend=None),
            tooltip=tooltip,
        )
        .properties(height=height + 150)
    )
    return drawn
