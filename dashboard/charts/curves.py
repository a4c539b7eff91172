"""Learning curves."""

from __future__ import annotations

import altair as alt
import polars as pl

from dashboard import words
from dashboard.charts.look import HEIGHT, NO_ZERO, Drawn, family_colour


def curves(values: pl.DataFrame, metric: str) -> Drawn:
    """One line a trial, the best one thick, coloured by family.

    Args:
        values: place, trial, family, epoch, value.
    """
    tooltip = [
        alt.Tooltip("trial:Q"),
        alt.Tooltip("family:N"),
        alt.Tooltip("place:Q"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("value:Q", format=".5g"),
    ]
    used = values["family"].unique().to_list()
    base = alt.Chart(values).encode(
        alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1)),
        alt.Y("value:Q", title=words.text(metric, 40), scale=NO_ZERO),
        family_colour(used),
        alt.Detail("trial:N"),
        tooltip=tooltip,
    )
    others = base.transform_filter("datum.place > 1").mark_line(strokeWidth=1.5, strokeDash=[5, 3])
    best = base.transform_filter("datum.place == 1").mark_line(
        strokeWidth=3.5, point=values["epoch"].max() == 1
    )
    return alt.layer(others, best).properties(height=HEIGHT + 60)
