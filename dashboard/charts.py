"""Frames as charts; nothing is read or computed here.

Colours come from the theme, so that they stand out on white and on black. No chart says by colour
alone what it says: shapes, labels or the tooltip say it too.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import polars as pl

from dashboard import words

Drawn = alt.LayerChart | alt.FacetChart
HEIGHT = 280
# These stand out by 3:1 from both backgrounds, so that a state has one colour in both themes.
STATE_COLOURS = {"complete": "#2E86C1", "stopped": "#8A7A00", "failed": "#D55E00"}
_NO_ZERO = alt.Scale(zero=False)


def best_so_far(steps: pl.DataFrame, metric: str, goal: str) -> Drawn:
    """A step line over minutes; each step is the trial that made it.

    Args:
        steps: minute, score, trial, family; the last line only draws the line to its end.
    """
    title = f"{words.text(metric, 40)} ({words.direction(goal)})"
    base = alt.Chart(steps).encode(
        alt.X("minute:Q", title="minutes since the first trial began"),
        alt.Y("score:Q", title=title, scale=_NO_ZERO),
    )
    marks = base.transform_window(place="row_number()").transform_filter(f"datum.place < {steps.height}")
    tooltip = [alt.Tooltip("trial:Q"), alt.Tooltip("family:N"), alt.Tooltip("score:Q", format=".5g")]
    points = marks.mark_point(filled=True, size=55, opacity=1).encode(tooltip=tooltip)
    line = base.mark_line(interpolate="step-after", strokeWidth=2.5)
    return alt.layer(line, points).properties(height=HEIGHT)


def states(counts: pl.DataFrame) -> Drawn:
    """One bar a state, with its number, cut by reason.

    Args:
        counts: state, reason, n.
    """
    known = [state for state in STATE_COLOURS if state in counts["state"]]
    order = known + sorted(set(counts["state"]) - set(known))
    labelled = counts.with_columns(
        sign=pl.col("state").map_elements(words.state, pl.String), reason=pl.col("reason").fill_null("")
    )
    rows = alt.Y(
        "sign:N", sort=[words.state(name) for name in order], title=None, axis=alt.Axis(labelLimit=200)
    )
    colour = alt.Color(
        "state:N",
        legend=None,
        scale=alt.Scale(domain=order, range=[STATE_COLOURS.get(name, "#7A828A") for name in order]),
    )
    tooltip = [alt.Tooltip("state:N"), alt.Tooltip("reason:N"), alt.Tooltip("n:Q", title="trials")]
    bars = (
        alt.Chart(labelled)
        .mark_bar(size=26)
        .encode(
            alt.X("n:Q", title="trials", axis=alt.Axis(tickMinStep=1, tickCount=5)),
            rows,
            colour,
            tooltip=tooltip,
            detail="reason:N",
        )
    )
    totals = labelled.group_by("sign").agg(pl.col("n").sum())
    numbers = (
        alt.Chart(totals)
        .mark_text(align="left", dx=6, fontSize=13, color="#7A828A")
        .encode(
            alt.X("n:Q"),
            alt.Y("sign:N", sort=[words.state(name) for name in order]),
            text=alt.Text("n:Q", format=","),
        )
    )
    return alt.layer(bars, numbers).properties(height=HEIGHT)


def curves(values: pl.DataFrame, metric: str, families: Sequence[str], used: Sequence[str]) -> Drawn:
    """One line a trial, the best one thick, coloured by family.

    Args:
        values: place, trial, family, epoch, value.
        families: every family there is, so that each has the same colour in every chart.
        used: those that the legend names.
    """
    tooltip = [
        alt.Tooltip("trial:Q"),
        alt.Tooltip("family:N"),
        alt.Tooltip("place:Q"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("value:Q", format=".5g"),
    ]
    legend = alt.Legend(orient="top", title=None, values=list(used))
    base = alt.Chart(values).encode(
        alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1)),
        alt.Y("value:Q", title=words.text(metric, 40), scale=_NO_ZERO),
        alt.Color("family:N", scale=alt.Scale(domain=list(families)), legend=legend),
        alt.Detail("trial:N"),
        tooltip=tooltip,
    )
    others = base.transform_filter("datum.place > 1").mark_line(strokeWidth=1.5, strokeDash=[5, 3])
    best = base.transform_filter("datum.place == 1").mark_line(
        strokeWidth=3.5, point=values["epoch"].max() == 1
    )
    return alt.layer(others, best).properties(height=HEIGHT)


def intervals(board: pl.DataFrame, metric: str, goal: str) -> Drawn:
    """One line an entry, in the order of the frame: its score as a mark, its interval as a bar.

    Args:
        board: label, what ("network" or "baseline"), rank, score, low, high.
    """
    order = board["label"].to_list()
    kinds = [kind for kind in ("network", "baseline") if kind in board["what"]]
    shapes = {"network": "circle", "baseline": "diamond"}
    base = alt.Chart(board).encode(
        alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=320, grid=True)),
        alt.Color("what:N", scale=alt.Scale(domain=kinds), legend=alt.Legend(orient="top", title=None)),
        tooltip=[
            alt.Tooltip("rank:Q"),
            alt.Tooltip("label:N", title="entry"),
            *(alt.Tooltip(f"{name}:Q", format=".5g") for name in ("score", "low", "high")),
        ],
    )
    title = f"{words.text(metric, 40)} on test rows ({words.direction(goal)})"
    score = alt.X("score:Q", title=title, scale=_NO_ZERO)
    bars = base.mark_rule(strokeWidth=3).encode(alt.X("low:Q", title=title, scale=_NO_ZERO), alt.X2("high:Q"))
    marks = base.mark_point(filled=True, size=130, opacity=1).encode(
        score, alt.Shape("what:N", scale=alt.Scale(domain=kinds, range=[shapes[kind] for kind in kinds]))
    )
    return alt.layer(bars, marks).properties(height=44 * board.height + 120)
