"""What on an input spoke for a prediction. For is blue and a full or upper mark, against is orange and says so."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard.charts.look import NO_ZERO, STATE_COLOURS, Drawn

FOR, AGAINST = STATE_COLOURS["complete"], STATE_COLOURS["failed"]
Sides = tuple[str, str]  # what attributions above and below 0 say


def columns(values: pl.DataFrame, sides: Sides) -> Drawn:
    """One bar a column of a table's row.

    Args:
        values: column, value, attribution; in order.
    """
    labelled = _sided(values, sides).with_columns(label=pl.format("{} = {}", "column", "value"))
    bars = alt.Chart(labelled).mark_bar(size=14)
    axis = alt.Axis(labelLimit=260, labelOverlap=False)
    bars = bars.encode(
        alt.X("attribution:Q", title="attribution", axis=alt.Axis(tickCount=5)),
        alt.Y("label:N", sort=labelled["label"].to_list(), title=None, axis=axis),
        _colour(sides),
        tooltip=["column:N", "value:N", alt.Tooltip("attribution:Q", format=".4g"), "side:N"],
    )
    return alt.layer(bars).properties(height=22 * values.height + 110)


def text(values: pl.DataFrame, sides: Sides) -> Drawn:
    """Tokens in lines, each on a ground as strong as its attribution; a dashed line below marks what speaks against.

    Args:
        values: token, attribution, line, first, last.
    """
    largest = max((abs(value) for value in values["attribution"]), default=0.0) or 1.0
    placed = _sided(values, sides).with_columns(
        strength=pl.col("attribution").abs() / largest * 0.55,
        top=pl.col("line") - 0.42,
        bottom=pl.col("line") + 0.42,
    )
    n_lines = max(values["line"], default=0) + 1
    width = max(values["last"], default=1)
    x, x2 = alt.X("first:Q", axis=None, scale=alt.Scale(domain=[0, width], nice=False)), alt.X2("last:Q")
    down = alt.Scale(domain=[n_lines - 0.4, -0.6], nice=False, zero=False)
    tooltip = ["token:N", alt.Tooltip("attribution:Q", format=".4g"), "side:N"]
    base = alt.Chart(placed)
    ground = base.mark_rect(cornerRadius=3).encode(
        x,
        x2,
        alt.Y("top:Q", axis=None, scale=down),
        alt.Y2("bottom:Q"),
        _colour(sides),
        alt.Opacity("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None),
        tooltip=tooltip,
    )
    line = alt.Y("bottom:Q", axis=None, scale=down)
    against = base.transform_filter("datum.attribution < 0").mark_rule(
        strokeDash=[3, 2], color=AGAINST, strokeWidth=2
    )
    signs = base.mark_text(align="left", font="monospace", fontSize=12.3).encode(
        x, alt.Y("line:Q", axis=None, scale=down), text="token:N", tooltip=tooltip
    )
    layers = (ground, against.encode(x, x2, line), signs)
    drawn = alt.layer(*layers, view=alt.ViewBackground(stroke=None))
    return drawn.properties(height=30 * n_lines + 70)


def wave(values: pl.DataFrame, sides: Sides) -> Drawn:
    """A sound by time, over bars for what each part of it speaks for.

    Args:
        values: second, value, attribution.
    """
    return _over(values, sides, "second", "seconds", "sound")


def series(values: pl.DataFrame, sides: Sides) -> Drawn:
    """One series by step, over bars for what each step of it speaks for.

    Args:
        values: step, value, attribution.
    """
    return _over(values, sides, "step", "step", "value")


def _over(values: pl.DataFrame, sides: Sides, across: str, title: str, what: str) -> Drawn:
    x = alt.X(f"{across}:Q", title=title, scale=NO_ZERO)
    tooltip = [
        f"{across}:Q",
        alt.Tooltip("value:Q", format=".4g"),
        alt.Tooltip("attribution:Q", format=".4g"),
    ]
    base = alt.Chart(_sided(values, sides))
    line = base.mark_line(strokeWidth=1.6).encode(
        x, alt.Y("value:Q", title=what, scale=NO_ZERO), tooltip=tooltip
    )
    bars = base.mark_bar(width=2, opacity=0.75).encode(
        x, alt.Y("attribution:Q", title="attribution"), _colour(sides), tooltip=tooltip
    )
    drawn: Drawn = alt.layer(bars, line).resolve_scale(y="independent").properties(height=240)
    return drawn


def _sided(values: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    above, below = (pl.lit(side) for side in sides)
    return values.with_columns(side=pl.when(pl.col("attribution") >= 0).then(above).otherwise(below))


def _colour(sides: Sides) -> alt.Color:
    scale = alt.Scale(domain=list(sides), range=[FOR, AGAINST])
    return alt.Color("side:N", scale=scale, legend=alt.Legend(orient="top", title=None))
