"""Score against one parameter, small."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import STATE_COLOURS, UNKNOWN_COLOUR, Drawn
from dashboard.queries.parameters import Parameter
from dashboard.queries.score_axis import ScoreAxis

HEIGHT = 250
BEST_COLOUR = "#B8558C"  # stands out by 3:1 from both backgrounds
STAR = "M0,-1L0.24,-0.31L0.95,-0.31L0.38,0.12L0.59,0.81L0,0.38L-0.59,0.81L-0.38,0.12L-0.95,-0.31L-0.24,-0.31Z"
SHAPES = {"failed": "cross", "stopped": "diamond", "complete": "circle"}  # of the states, the last on top
FILLED = ("complete",)
_FLAT = 30  # letters of all categories together, to write them level
_LARGE = 10_000  # numbers from here on are written with a prefix


def slice_of(
    points: pl.DataFrame, cells: pl.DataFrame | None, parameter: Parameter, metric: str, axis: ScoreAxis
) -> Drawn:
    """Points by state, the best trial as a star; over cells, the stronger the more trials, where there are any.

    Args:
        points: state, is_best, score, jitter, trial, family, and the column of the parameter.
        cells: low and high or category, score_low, score_high, n.
    """
    there = points.filter(pl.col(parameter.column).is_not_null())
    order = (
        []
        if parameter.is_number
        else _ordered(there[parameter.column] if cells is None else cells["category"])
    )
    small = there.select(
        *(pl.col("trial").cast(pl.Int32), "family", "state", "is_best", pl.col("score").cast(pl.Float32)),
        *_across(parameter, order),
    )
    share = _Axes(parameter, order, metric, axis)
    layers = [] if cells is None or cells.height == 0 else [_cells(cells, share)]
    for state in SHAPES:
        of_state = small.filter(pl.col("state") == state, ~pl.col("is_best")).drop("is_best")
        if of_state.height:
            mark = {
                "size": 24.0,
                "shape": SHAPES[state],
                "color": STATE_COLOURS[state],
                "filled": state in FILLED,
            }
            layers.append(_marks(of_state, share, mark | {"opacity": 0.8}))
    star = {"size": 200.0, "shape": STAR, "color": BEST_COLOUR, "filled": True, "opacity": 1.0}
    best = small.filter("is_best").drop("is_best")
    if best.height or not layers:
        layers.append(_marks(best, share, star))
    title = alt.TitleParams(words.text(parameter.path, 60), anchor="start", fontSize=13)
    return alt.layer(*layers).properties(height=HEIGHT, title=title)


@dataclass(frozen=True)
class _Axes:
    """What the layers of one chart share; `order` is that of categories, which stand at 0 to 1, 1 to 2, ..."""

    parameter: Parameter
    order: list[str]
    metric: str
    score: ScoreAxis

    def across(self, column: str) -> alt.X:
        if self.parameter.is_number:
            log = alt.Scale(type="log", nice=False) if self.parameter.scale.log else None
            ticks = alt.Axis(format="~g", tickCount=4, grid=False)
            return alt.X(
                f"{column}:Q", title=None, scale=log or alt.Scale(zero=False, nice=False), axis=ticks
            )
        names = json.dumps([words.text(name, 40) for name in self.order])
        level = sum(map(len, self.order)) <= _FLAT
        labels = alt.Axis(
            values=[place + 0.5 for place in range(len(self.order))],
            labelExpr=f"{names}[floor(datum.value)]",
            labelAngle=0 if level else -40,
            labelLimit=90,
            labelOverlap=False,
            grid=False,
        )
        return alt.X(f"{column}:Q", title=None, scale=alt.Scale(domain=[0, len(self.order)]), axis=labels)

    def up(self, column: str) -> alt.Y:
        large = max(abs(self.score.low), abs(self.score.high)) >= _LARGE
        scale = alt.Scale(domain=[self.score.low, self.score.high], clamp=True, nice=True)
        ticks = alt.Axis(format="~s" if large else "~g", tickCount=4)
        return alt.Y(f"{column}:Q", title=words.text(self.metric, 30), scale=scale, axis=ticks)


def _ordered(values: pl.Series) -> list[str]:
    """Categories in the order of numbers where they are numbers, else by name."""
    names = values.unique().to_frame("name")
    return names.sort(pl.col("name").cast(pl.Float64, strict=False), "name", nulls_last=True)[
        "name"
    ].to_list()


def _across(parameter: Parameter, order: list[str]) -> list[pl.Expr]:
    """Where points stand: `x`; and for categories, in which points are spread, also their `value`."""
    value = pl.col(parameter.column)
    if parameter.is_number:
        return [value.cast(pl.Float32).alias("x")]
    place = value.replace_strict(order, range(len(order)), return_dtype=pl.Float32)
    return [(place + 0.2 + 0.6 * pl.col("jitter").cast(pl.Float32)).alias("x"), value.alias("value")]


def _marks(points: pl.DataFrame, share: _Axes, mark: dict[str, Any]) -> alt.Chart:
    """One kind of point."""
    path, metric = words.text(share.parameter.path, 60), words.text(share.metric, 30)
    number = alt.Tooltip("x:Q", title=path, format=".4g")
    tooltip = [
        alt.Tooltip("trial:Q"),
        alt.Tooltip("family:N"),
        alt.Tooltip("state:N"),
        number if share.parameter.is_number else alt.Tooltip("value:N", title=path),
        alt.Tooltip("score:Q", title=metric, format=".5g"),
    ]
    base = alt.Chart(points).mark_point(strokeWidth=1.2, **mark)
    drawn: alt.Chart = base.encode(share.across("x"), share.up("score"), tooltip=tooltip)
    return drawn


def _cells(cells: pl.DataFrame, share: _Axes) -> alt.Chart:
    named = ["score_low", "score_high"]
    if share.parameter.is_number:
        named += ["low", "high"]
        tooltip = []
    else:
        places = pl.col("category").replace_strict(
            share.order, range(len(share.order)), return_dtype=pl.Float64
        )
        cells = cells.with_columns((places + 0.1).alias("low"), (places + 0.9).alias("high"))
        tooltip = [alt.Tooltip("category:N")]
    tooltip += [alt.Tooltip(f"{name}:Q", format=".4g") for name in named]
    tooltip.append(alt.Tooltip("n:Q", title="trials", format=","))
    strength = alt.Scale(type="log", range=[0.15, 0.95])
    drawn: alt.Chart = (
        alt.Chart(cells)
        .mark_rect(color=UNKNOWN_COLOUR)
        .encode(
            share.across("low"),
            alt.X2("high:Q"),
            share.up("score_low"),
            alt.Y2("score_high:Q"),
            alt.FillOpacity("n:Q", scale=strength, legend=None),
            tooltip=tooltip,
        )
    )
    return drawn
