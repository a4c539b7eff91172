"""Which classes are taken for which, as a matrix."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import Drawn

_SHARES = ["#D6E6F2", "#004A80"]  # cells without rows are not drawn; dark cells have light numbers
_LIGHT_FROM = 0.7  # of the share
_CELL = 46
_SMALLEST = 24


def matrix(cells: pl.DataFrame, names: Sequence[str]) -> Drawn:
    """One cell for each class and prediction with rows: its count, coloured by the share of the rows of its class.

    Args:
        cells: target, predicted (names, in this order), n, share.
        names: of the classes shown, in their order.
    """
    small = len(names) > 12
    step = max(_SMALLEST, min(_CELL, 640 // max(1, len(names))))
    shared = alt.Axis(labelLimit=110, labelAngle=0 if not small and _longest(names) < 6 else -45)
    base = alt.Chart(cells).encode(
        alt.X(
            "predicted:N",
            sort=list(names),
            title="predicted",
            axis=shared,
            scale=alt.Scale(domain=list(names)),
        ),
        alt.Y(
            "target:N",
            sort=list(names),
            title="true class",
            axis=alt.Axis(labelLimit=160),
            scale=alt.Scale(domain=list(names)),
        ),
        tooltip=[
            alt.Tooltip("target:N", title="true class"),
            alt.Tooltip("predicted:N"),
            alt.Tooltip("n:Q", title="rows", format=","),
            alt.Tooltip("share:Q", title="of this class", format=".1%"),
        ],
    )
    legend = alt.Legend(title="of the class", format="%", orient="right", gradientLength=160)
    colour = alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], range=_SHARES), legend=legend)
    rects = base.mark_rect(cornerRadius=2).encode(colour)
    ink = alt.condition(f"datum.share > {_LIGHT_FROM}", alt.value("#FFFFFF"), alt.value("#0E1318"))
    size = 9 if small else 12
    texts = base.mark_text(fontSize=size).encode(
        text=alt.Text("n:Q", format="," if not small else "~s"), color=ink
    )
    return alt.layer(rects, texts).properties(height=step * len(names) + 10)


def _longest(names: Sequence[str]) -> int:
    return max((len(words.text(name)) for name in names), default=0)
