"""Several trials in one chart; each has one colour and one dash, the same in every chart of a page."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import HEIGHT, N_COLOURS, NO_ZERO, Drawn

_ACROSS = 3  # trials of the key on a line
_DASHES = ([1, 0], [6, 3], [9, 3, 2, 3])
_SHAPES = ("circle", "diamond", "triangle-up")


def key(names: Sequence[str], labels: Sequence[str]) -> Drawn:
    """Which colour and dash each trial has: the key to every other chart of the page.

    Args:
        names: of all trials of the page, in their order.
        labels: what to write for each.
    """
    rows = [
        {
            "trial": name,
            "label": label,
            "x": 100 / _ACROSS * (place % _ACROSS),
            "line": place // _ACROSS,
            "end": end,
        }
        for place, (name, label) in enumerate(zip(names, labels, strict=True))
        for end in (0, 3)
    ]
    placed = pl.DataFrame(rows).with_columns(x=pl.col("x") + pl.col("end"))
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 100], nice=False))
    y = alt.Y(
        "line:Q", axis=None, scale=alt.Scale(domain=[(len(names) - 1) // _ACROSS + 0.5, -0.5], zero=False)
    )
    lines = alt.Chart(placed).mark_line(strokeWidth=3).encode(x, y, _colour(names), _dash(names))
    ends = alt.Chart(placed.filter(pl.col("end") > 0))
    texts = ends.mark_text(align="left", dx=8, fontSize=12.5, limit=320).encode(x, y, text="label:N")
    n_lines = (len(names) - 1) // _ACROSS + 1
    return alt.layer(lines, texts, view=alt.ViewBackground(stroke=None)).properties(height=24 * n_lines)


def curves(
    values: pl.DataFrame, names: Sequence[str], metric: str, between: tuple[float, float] | None = None
) -> Drawn:
    """The curves of several trials.

    Args:
        values: trial, epoch, value.
        names: of all trials of the page.
        metric: title of the axis.
        between: the values that are drawn; all where none are named.
    """
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1))
    scale = NO_ZERO if between is None else alt.Scale(domain=list(between), zero=False)
    y = alt.Y("value:Q", title=words.text(metric, 60), scale=scale)
    tooltip = [alt.Tooltip("trial:N"), alt.Tooltip("epoch:Q"), alt.Tooltip("value:Q", format=".5g")]
    lines = alt.Chart(values).mark_line(strokeWidth=2.5, clip=True)
    layers = [lines.encode(x, y, _colour(names), _dash(names), tooltip=tooltip)]
    alone = values.filter(pl.len().over("trial") == 1)
    if alone.height:
        points = alt.Chart(alone).mark_point(filled=True, size=60, opacity=1, clip=True)
        layers.append(points.encode(x, y, _colour(names), tooltip=tooltip))
    return alt.layer(*layers).properties(height=HEIGHT + 40)


def spread(seeds: pl.DataFrame, bands: pl.DataFrame, names: Sequence[str], metric: str) -> Drawn:
    """The refits of several configurations: a mark a seed, the mean as a bar, the standard deviation as a band.

    Args:
        seeds: trial, score.
        bands: trial, mean, low, high.
        names: of all trials of the page.
    """
    shown = bands["trial"].to_list()
    shapes = [_SHAPES[place // N_COLOURS % len(_SHAPES)] for place in range(len(names))]
    rows = alt.Y("trial:N", sort=shown, title=None, axis=alt.Axis(labelLimit=300, grid=True))
    title = words.text(metric, 80)
    tinted = _colour(names)
    numbers = [alt.Tooltip(f"{name}:Q", format=".5g") for name in ("mean", "low", "high")]
    base = alt.Chart(bands).encode(rows, tinted, tooltip=[alt.Tooltip("trial:N"), *numbers])
    across = alt.X("low:Q", title=title, scale=NO_ZERO)
    band = base.mark_bar(height=22, opacity=0.3).encode(across, alt.X2("high:Q"))
    mean = base.mark_tick(thickness=4, size=30).encode(alt.X("mean:Q", title=title, scale=NO_ZERO))
    marks = alt.Chart(seeds).encode(
        rows,
        alt.X("score:Q", title=title, scale=NO_ZERO),
        tinted,
        alt.Shape("trial:N", scale=alt.Scale(domain=list(names), range=shapes), legend=None),
        tooltip=[alt.Tooltip("trial:N"), alt.Tooltip("score:Q", format=".5g")],
    )
    points = marks.mark_point(filled=True, size=70, opacity=1)
    return alt.layer(band, mean, points).properties(height=44 * len(shown) + 60)


def _colour(names: Sequence[str]) -> alt.Color:
    """A trial's colour is that of its place among all trials of the page."""
    return alt.Color("trial:N", scale=alt.Scale(domain=list(names)), legend=None)


def _dash(names: Sequence[str]) -> alt.StrokeDash:
    """Tells trials apart that share a colour."""
    dashes = [_DASHES[place // N_COLOURS % len(_DASHES)] for place in range(len(names))]
    return alt.StrokeDash("trial:N", scale=alt.Scale(domain=list(names), range=dashes), legend=None)
