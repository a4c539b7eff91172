"""How far each parameter alone explains the score."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard.charts.look import STATE_COLOURS, UNKNOWN_COLOUR, Drawn

SURE, UNSURE, CHANCE = "more than chance", "perhaps chance", "what chance gives"
COLOURS = {SURE: STATE_COLOURS["complete"], UNSURE: UNKNOWN_COLOUR, CHANCE: STATE_COLOURS["failed"]}
_STROKE = "M0,-1.2L0,1.2"  # upright
SHAPES = {SURE: "circle", UNSURE: "diamond", CHANCE: _STROKE}
ROW = 26


def importance(shares: pl.DataFrame) -> Drawn:
    """One line a parameter, in the order of the frame: its share as a mark, its interval, and chance as a tick.

    Args:
        shares: label, share, low, high, chance, n_groups, n_trials.
    """
    told = pl.when(pl.col("low") > pl.col("chance")).then(pl.lit(SURE)).otherwise(pl.lit(UNSURE))
    told_frame = shares.with_columns(told.alias("is"))
    by_chance = shares.with_columns(pl.lit(CHANCE).alias("is"))
    ends = shares.select(pl.max_horizontal("high", "chance").max()).item()
    most = min(1.0, 1.05 * float(ends or 1.0))
    bars = _base(told_frame).mark_rule(strokeWidth=2.5).encode(_across("low", most), alt.X2("high:Q"))
    chance = (
        _base(by_chance)
        .mark_point(size=230, strokeWidth=2.5, opacity=1)
        .encode(_across("chance", most), _shape())
    )
    marks = (
        _base(told_frame).mark_point(filled=True, size=90, opacity=1).encode(_across("share", most), _shape())
    )
    return alt.layer(bars, chance, marks).properties(height=ROW * shares.height + 90)


def _base(frame: pl.DataFrame) -> alt.Chart:
    order = frame["label"].to_list()
    drawn: alt.Chart = alt.Chart(frame).encode(
        alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=280, labelFlush=False)),
        alt.Color(
            "is:N", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())), legend=_legend()
        ),
        tooltip=[
            alt.Tooltip("label:N", title="parameter"),
            *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("share", "low", "high", "chance")),
            alt.Tooltip("n_groups:Q", title="groups"),
            alt.Tooltip("n_trials:Q", title="trials", format=","),
        ],
    )
    return drawn


def _across(column: str, most: float) -> alt.X:
    title = "share explained (0: nothing, 1: all)"
    return alt.X(f"{column}:Q", title=title, scale=alt.Scale(domain=[0, most]), axis=alt.Axis(tickCount=8))


def _shape() -> alt.Shape:
    scale = alt.Scale(domain=list(SHAPES), range=list(SHAPES.values()))
    return alt.Shape("is:N", scale=scale, legend=_legend())


def _legend() -> alt.Legend:
    return alt.Legend(orient="top", title=None)
