"""What is left between targets and predictions."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import HEIGHT, NO_ZERO, UNKNOWN_COLOUR, Drawn

_COUNTS = [
    "#7FB2D9",
    "#5B8FBF",
    "#6A6FAE",
    "#8A4F93",
    "#A8316B",
]  # each by 2:1 and more from both backgrounds


def against_prediction(points: pl.DataFrame, bins: pl.DataFrame, unit: str) -> Drawn:
    """Target less prediction by prediction, a mark a row, or counted in cells where there are many.

    Args:
        points: row, prediction, residual; or empty.
        bins: low, high, bottom, top, n; or empty.
        unit: what is predicted.
    """
    across, up = f"predicted {words.text(unit, 40)}", "target less prediction"
    zero = alt.Chart(pl.DataFrame({"zero": [0.0]})).mark_rule(strokeDash=[5, 4], color=UNKNOWN_COLOUR)
    line = zero.encode(alt.Y("zero:Q"))
    if points.height:
        drawn = alt.Chart(points).mark_circle(size=26, opacity=0.55)
        drawn = drawn.encode(
            alt.X("prediction:Q", title=across, scale=NO_ZERO),
            alt.Y("residual:Q", title=up),
            tooltip=[alt.Tooltip("row:Q"), *(_number(name) for name in ("prediction", "residual"))],
        )
    else:
        drawn = alt.Chart(bins).mark_rect()
        drawn = drawn.encode(
            alt.X("low:Q", title=across, scale=NO_ZERO),
            alt.X2("high:Q"),
            alt.Y("bottom:Q", title=up),
            alt.Y2("top:Q"),
            alt.Color("n:Q", title="rows", scale=alt.Scale(type="log", range=_COUNTS)),
            tooltip=[
                alt.Tooltip("n:Q", title="rows"),
                *(_number(name) for name in ("low", "high", "bottom", "top")),
            ],
        )
    return alt.layer(drawn, line).properties(height=HEIGHT)


def distribution(bars: pl.DataFrame) -> Drawn:
    """How often residuals of each size are.

    Args:
        bars: low, high, n.
    """
    drawn = alt.Chart(bars).mark_bar(stroke=None, binSpacing=1)
    drawn = drawn.encode(
        alt.X("low:Q", title="target less prediction", bin="binned"),
        alt.X2("high:Q"),
        alt.Y("n:Q", title="rows"),
        tooltip=[_number("low"), _number("high"), alt.Tooltip("n:Q", title="rows")],
    )
    zero = alt.Chart(pl.DataFrame({"zero": [0.0]})).mark_rule(strokeDash=[5, 4], color=UNKNOWN_COLOUR)
    return alt.layer(drawn, zero.encode(alt.X("zero:Q"))).properties(height=HEIGHT)


def by_step(steps: pl.DataFrame) -> Drawn:
    """The mean absolute error of a forecast by how many steps ahead it looks.

    Args:
        steps: step, error.
    """
    drawn = alt.Chart(steps).mark_line(point=True, strokeWidth=2.5)
    drawn = drawn.encode(
        alt.X("step:Q", title="steps ahead", axis=alt.Axis(tickMinStep=1), scale=NO_ZERO),
        alt.Y("error:Q", title="mean absolute error"),
        tooltip=[alt.Tooltip("step:Q"), _number("error")],
    )
    return alt.layer(drawn).properties(height=HEIGHT)


def strangeness(counts: pl.DataFrame) -> Drawn:
    """How scores of strangeness are spread, in shares of the usual rows and of the anomalies.

    Args:
        counts: low, high, what, share.
    """
    base = alt.Chart(counts).encode(
        alt.X("low:Q", title="score (more is stranger)", scale=NO_ZERO),
        alt.Y("share:Q", title="share of the rows of a kind", axis=alt.Axis(format="%")),
        alt.Color("what:N", title=None, legend=alt.Legend(orient="top")),
        alt.StrokeDash("what:N", title=None, legend=alt.Legend(orient="top")),
        tooltip=[
            alt.Tooltip("what:N"),
            _number("low"),
            _number("high"),
            alt.Tooltip("share:Q", format=".1%"),
        ],
    )
    return alt.layer(base.mark_line(interpolate="step-after", strokeWidth=2.5)).properties(height=HEIGHT)


def _number(name: str) -> alt.Tooltip:
    return alt.Tooltip(f"{name}:Q", format=".5g")
