"""The layers of a network from its input down to its output."""

from __future__ import annotations

from itertools import pairwise

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import UNKNOWN_COLOUR, Drawn

MAX_ROWS = 48  # layers that are drawn
_ROW = 34  # pixels of a line
# Where things stand, in hundredths of the width.
_BRACKET, _LEFT, _RIGHT, _SHAPE, _ZERO, _FULL = 3.2, 4.0, 47.0, 49.0, 66.0, 90.0
_KINDS = {  # what a layer does, by a part of its kind: its colour stands out from both backgrounds
    "learns": (
        "linear",
        "conv",
        "embedding",
        "attention",
        "lstm",
        "gru",
        "rnn",
        "bilinear",
        "parameter",
        "encoder",
    ),
    "normalises": ("norm",),
    "activates": ("relu", "gelu", "silu", "elu", "tanh", "sigmoid", "softmax", "activation", "swish", "mish"),
}
_COLOURS = {"learns": "#2E86C1", "normalises": "#8A7A00", "activates": "#D55E00", "other": UNKNOWN_COLOUR}


def picture(rows: pl.DataFrame, n_left_out: int) -> Drawn:
    """One box a layer, joined by arrows, with its output shape and its share of the weights; repeats in brackets.

    Args:
        rows: line, kind, name, shape, n_parameters, times, block.
        n_left_out: layers between those drawn.
    """
    lines = [int(line) for line in rows["line"]]
    down = alt.Scale(domain=[max(lines, default=0) + 0.6, -1.4], nice=False, zero=False)
    placed = _placed(rows)
    layers = [_boxes(placed, down), *_words_of(placed, down), *_weights(placed, down), _arrows(lines, down)]
    layers += [*_brackets(placed, down), _heads(down)]
    if n_left_out:
        gap = next(line + 1.0 for line, after in pairwise(lines) if after > line + 1)
        middle = (_LEFT + _RIGHT) / 2
        said = pl.DataFrame({"y": [gap], "x": [middle], "label": [f"⋮  {n_left_out:,} more layers  ⋮"]})
        layers.append(alt.Chart(said).mark_text(fontSize=13).encode(_x(), _y(down), text="label:N"))
    height = _ROW * (max(lines, default=0) + 2)
    return alt.layer(*layers, view=alt.ViewBackground(stroke=None)).properties(height=height)


def _x(name: str = "x") -> alt.X:
    return alt.X(f"{name}:Q", axis=None, scale=alt.Scale(domain=[0, 100], nice=False))


def _y(down: alt.Scale, name: str = "y") -> alt.Y:
    return alt.Y(f"{name}:Q", axis=None, scale=down)


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with where each thing of them stands."""
    greatest = max(1, *rows["n_parameters"])
    return rows.with_columns(
        pl.col("line").cast(pl.Float64).alias("y"),
        (pl.col("line") - 0.34).alias("top"),
        (pl.col("line") + 0.34).alias("bottom"),
        pl.lit(_LEFT).alias("left"),
        pl.lit(_RIGHT).alias("right"),
        pl.lit(_SHAPE).alias("beside"),
        pl.lit(_ZERO).alias("zero"),
        (_ZERO + (_FULL - _ZERO) * pl.col("n_parameters") / greatest).alias("end"),
        pl.col("kind").map_elements(does, pl.String).alias("does"),
        pl.col("kind").map_elements(lambda kind: words.text(kind, 24), pl.String),
        pl.col("name").map_elements(lambda name: words.text(name, 40), pl.String),
    )


def does(kind: str) -> str:
    """What layers of a kind do.

    >>> does("Conv2d"), does("BatchNorm1d"), does("GELU"), does("Dropout")
    ('learns', 'normalises', 'activates', 'other')
    """
    lower = kind.lower()
    return next((what for what, parts in _KINDS.items() if any(part in lower for part in parts)), "other")


def _boxes(placed: pl.DataFrame, down: alt.Scale) -> alt.Chart:
    used = [what for what in _COLOURS if what in set(placed["does"])]
    scale = alt.Scale(domain=used, range=[_COLOURS[what] for what in used])
    tooltip = [
        alt.Tooltip("name:N", title="layer"),
        alt.Tooltip("kind:N"),
        alt.Tooltip("shape:N", title="output"),
        alt.Tooltip("n_parameters:Q", title="weights", format=","),
        alt.Tooltip("times:Q", title="times"),
    ]
    boxes = alt.Chart(placed).mark_rect(cornerRadius=5, fillOpacity=0.16, strokeWidth=1.5)
    drawn: alt.Chart = boxes.encode(
        _x("left"),
        alt.X2("right:Q"),
        _y(down, "top"),
        alt.Y2("bottom:Q"),
        alt.Fill("does:N", scale=scale, legend=None),
        alt.Stroke("does:N", scale=scale, legend=None),
        tooltip=tooltip,
    )
    return drawn


def _words_of(placed: pl.DataFrame, down: alt.Scale) -> list[alt.Chart]:
    """Kind and name in the box, the output shape beside it."""
    base = alt.Chart(placed)
    kind = base.mark_text(align="left", dx=10, fontWeight="bold", fontSize=12.5, limit=170)
    name = base.mark_text(align="right", dx=-10, fontSize=11.5, limit=230)
    shape = base.mark_text(align="left", fontSize=12, limit=170)
    return [
        kind.encode(_x("left"), _y(down), text="kind:N"),
        name.encode(_x("right"), _y(down), text="name:N"),
        shape.encode(_x("beside"), _y(down), text="shape:N"),
    ]


def _weights(placed: pl.DataFrame, down: alt.Scale) -> list[alt.Chart]:
    """A bar for the weights of the layer, with their number."""
    base = alt.Chart(placed.filter(pl.col("n_parameters") > 0))
    bars = base.mark_bar(height=9, cornerRadius=2, color=_COLOURS["learns"])
    numbers = base.mark_text(align="left", dx=7, fontSize=11.5)
    return [
        bars.encode(_x("zero"), alt.X2("end:Q"), _y(down)),
        numbers.encode(_x("end"), _y(down), text=alt.Text("n_parameters:Q", format=",")),
    ]


def _heads(down: alt.Scale) -> alt.Chart:
    """What stands in which column."""
    said = ["layer", "what it gives", "weights"]
    frame = pl.DataFrame({"x": [_LEFT, _SHAPE, _ZERO], "y": [-0.9] * 3, "said": said})
    texts = alt.Chart(frame).mark_text(align="left", fontSize=12, opacity=0.75)
    drawn: alt.Chart = texts.encode(_x(), _y(down), text="said:N")
    return drawn


def _arrows(lines: list[int], down: alt.Scale) -> alt.Chart:
    """Small arrows from each box to the next."""
    between = [line + 0.5 for line, after in pairwise(lines) if after == line + 1]
    frame = pl.DataFrame({"y": between}, schema={"y": pl.Float64}).with_columns(
        x=pl.lit((_LEFT + _RIGHT) / 2)
    )
    points = alt.Chart(frame).mark_point(shape="triangle-down", filled=True, size=45, color=UNKNOWN_COLOUR)
    drawn: alt.Chart = points.encode(_x(), _y(down))
    return drawn


def _brackets(placed: pl.DataFrame, down: alt.Scale) -> list[alt.Chart]:
    """A line along each block that repeats, with how often it does."""
    repeated = placed.filter(pl.col("times") > 1).group_by("block", "times")
    spans = repeated.agg(pl.col("top").min(), pl.col("bottom").max())
    if not spans.height:
        return []
    marked = spans.with_columns(
        x=pl.lit(_BRACKET), y=(pl.col("top") + pl.col("bottom")) / 2, label=pl.format("× {}", "times")
    )
    base = alt.Chart(marked)
    line = base.mark_rule(strokeWidth=3, color=_COLOURS["learns"])
    text = base.mark_text(align="right", dx=-6, fontSize=12.5, fontWeight="bold")
    return [
        line.encode(_x(), _y(down, "top"), alt.Y2("bottom:Q")),
        text.encode(_x(), _y(down), text="label:N"),
    ]
