"""What all charts have in common: their height, and the colours that have a meaning."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from automl import catalog

Drawn = alt.LayerChart | alt.FacetChart | alt.Chart | alt.HConcatChart | alt.VConcatChart
HEIGHT = 280
# These stand out by 3:1 from both backgrounds, so that a state has one colour in both themes.
STATE_COLOURS = {"complete": "#2E86C1", "stopped": "#8A7A00", "failed": "#D55E00"}
UNKNOWN_COLOUR = "#7A828A"
NO_ZERO = alt.Scale(zero=False)
N_COLOURS = 7  # that the theme has
_DASHES = ([1, 0], [6, 3], [2, 2])
_SHAPES = ("circle", "diamond", "triangle-up")


def family_colour(used: Sequence[str], legend: alt.Legend | None = None) -> alt.Color:
    """A family has the same colour in every chart: that of its place in the catalogue.

    There are more families than colours, so that two may share one; `family_dash` or `family_shape` tells them apart.
    """
    return alt.Color("family:N", scale=alt.Scale(domain=_all(used)), legend=legend or _legend(used))


def family_dash(used: Sequence[str]) -> alt.StrokeDash:
    """Goes with `family_colour`, for lines."""
    dashes = [_DASHES[place // N_COLOURS % len(_DASHES)] for place in range(len(_all(used)))]
    return alt.StrokeDash("family:N", scale=alt.Scale(domain=_all(used), range=dashes), legend=_legend(used))


def family_shape(used: Sequence[str]) -> alt.Shape:
    """Goes with `family_colour`, for points."""
    shapes = [_SHAPES[place // N_COLOURS % len(_SHAPES)] for place in range(len(_all(used)))]
    return alt.Shape("family:N", scale=alt.Scale(domain=_all(used), range=shapes), legend=_legend(used))


def _all(used: Sequence[str]) -> list[str]:
    known = catalog.names("family")
    return [*known, *sorted(set(used) - set(known))]


def _legend(used: Sequence[str]) -> alt.Legend:
    return alt.Legend(orient="top", title=None, values=[name for name in _all(used) if name in set(used)])
