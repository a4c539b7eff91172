"""How far trials got, and the curves of those that went on."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import STATE_COLOURS, UNKNOWN_COLOUR, Drawn
from dashboard.queries.score_axis import ScoreAxis

HEIGHT = 360
RUNG = "#B8558C"  # stands out by 3:1 from both backgrounds
WENT_ON, STOPPED = "went on", "stopped there"
_ROW = 40


def reached(counts: pl.DataFrame) -> Drawn:
    """One bar a rung, cut into the trials that went on and those stopped there, each with its number.

    Args:
        counts: label, what (`WENT_ON` or `STOPPED`), n; in the order in which rungs come.
    """
    order = counts["label"].unique(maintain_order=True).to_list()
    colours = [STATE_COLOURS["complete"], STATE_COLOURS["stopped"]]
    fill = pl.when(pl.col("what") == STOPPED).then(0.45).otherwise(1.0)
    base = alt.Chart(counts.with_columns(fill.alias("fill"))).encode(
        alt.Y(
            "label:N",
            sort=order,
            title=None,
            axis=alt.Axis(labelLimit=200),
            scale=alt.Scale(paddingInner=0.3),
        ),
        tooltip=[
            alt.Tooltip("label:N", title="at"),
            alt.Tooltip("what:N", title="trials that"),
            alt.Tooltip("n:Q", format=","),
        ],
    )
    bars = base.mark_bar(stroke=UNKNOWN_COLOUR, strokeWidth=0.5).encode(
        alt.X("n:Q", title="trials", stack="zero", axis=alt.Axis(tickMinStep=1, tickCount=8, format=",d")),
        alt.Color(
            "what:N",
            scale=alt.Scale(domain=[WENT_ON, STOPPED], range=colours),
            legend=alt.Legend(orient="top", title=None),
        ),
        alt.FillOpacity("fill:Q", scale=None, legend=None),
        alt.Order("what:N", sort="descending"),
    )
    drawn: alt.Chart = bars.properties(height=_ROW * len(order) + 120)
    return drawn


def curves(values: pl.DataFrame, at: tuple[int, ...], metric: str, axis: ScoreAxis) -> Drawn:
    """Complete trials as lines over those stopped, which are thin and grey; each rung is an upright rule.

    Args:
        values: trial, state, epoch, value.
        at: the epochs of the rungs.
    """
    scale = alt.Scale(domain=[axis.low, axis.high], nice=True)
    small = values.select(pl.col("trial", "epoch").cast(pl.Int32), "state", pl.col("value").cast(pl.Float32))
    base = alt.Chart(small).encode(
        alt.X(
            "epoch:Q",
            title="epoch",
            scale=alt.Scale(zero=False, nice=False),
            axis=alt.Axis(tickMinStep=1, tickCount=10, grid=False),
        ),
        alt.Y("value:Q", title=words.text(metric, 40), scale=scale),
        detail="trial:N",
        tooltip=[
            *(
                alt.Tooltip("trial:Q"),
                alt.Tooltip("state:N"),
                alt.Tooltip("epoch:Q"),
            ),
            alt.Tooltip("value:Q", format=".5g"),
        ],
    )
    stopped = base.transform_filter("datum.state == 'stopped'").mark_line(
        strokeWidth=0.8, opacity=0.6, color=UNKNOWN_COLOUR, clip=True
    )
    survivors = base.transform_filter("datum.state == 'complete'").mark_line(
        strokeWidth=1.4, opacity=0.8, color=STATE_COLOURS["complete"], clip=True
    )
    ends = alt.Chart(
        pl.DataFrame(
            {"epoch": list(at), "label": [f"{epoch:,}" for epoch in at]},
            schema={"epoch": pl.Int64, "label": pl.String},
        )
    )
    rules = ends.mark_rule(strokeDash=[4, 4], strokeWidth=1.5, color=RUNG).encode(alt.X("epoch:Q"))
    names = ends.mark_text(align="left", dx=4, y=8, fontSize=12, fontWeight=600).encode(
        alt.X("epoch:Q"), alt.Text("label:N")
    )
    return alt.layer(stopped, survivors, rules, names).properties(height=HEIGHT)
