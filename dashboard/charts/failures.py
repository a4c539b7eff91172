"""Where in the space trials failed."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import STATE_COLOURS, UNKNOWN_COLOUR, Drawn

FAILED, ALL = "of these failures", "of all trials"
_ROW = 40


def ranges(counted: pl.DataFrame, path: str) -> Drawn:
    """Two bars a range: its share of the failures, and its share of all trials.

    Args:
        counted: range, n_failed, n_trials, failed_share, share; in the order of the ranges.
    """
    order = [words.text(name, 60) for name in counted["range"]]
    long = pl.concat(
        [
            counted.select(range=pl.Series(order), what=pl.lit(what), share=pl.col(share), n=pl.col(n))
            for what, share, n in ((FAILED, "failed_share", "n_failed"), (ALL, "share", "n_trials"))
        ]
    )
    colours = [STATE_COLOURS["failed"], UNKNOWN_COLOUR]
    fill = pl.when(pl.col("what") == ALL).then(0.35).otherwise(1.0)
    bars = alt.Chart(long.with_columns(fill.alias("fill"))).mark_bar(strokeWidth=1.2)
    drawn: alt.Chart = bars.encode(
        alt.Y(
            "range:N",
            sort=order,
            title=words.text(path, 60),
            axis=alt.Axis(labelLimit=200),
            scale=alt.Scale(paddingInner=0.3),
        ),
        alt.YOffset("what:N", sort=[FAILED, ALL]),
        alt.X("share:Q", title="share", axis=alt.Axis(format=".0%", tickCount=5)),
        alt.Color(
            "what:N",
            scale=alt.Scale(domain=[FAILED, ALL], range=colours),
            legend=alt.Legend(orient="top", title=None),
        ),
        alt.Stroke("what:N", scale=alt.Scale(domain=[FAILED, ALL], range=colours), legend=None),
        alt.FillOpacity("fill:Q", scale=None, legend=None),
        tooltip=[
            *(alt.Tooltip("range:N"), alt.Tooltip("what:N", title="share")),
            *(alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("n:Q", title="trials", format=",")),
        ],
    ).properties(height=_ROW * len(order) + 90)
    return drawn
