"""Parallel coordinates: one line a trial, one axis a parameter, and the score as the last."""

from __future__ import annotations

from typing import Any

import polars as pl

from dashboard import words
from dashboard.queries.parallel import Lines
from dashboard.queries.parameters import Parameter

HEIGHT = 420
_INK = {"light": "#3A434B", "dark": "#D3D9DE"}  # of words: 4.5:1 and more
_RULE = {"light": "#7A828A", "dark": "#7A828A"}  # of axes: 3:1 and more
_BACK = {"light": "rgba(255,255,255,0.8)", "dark": "rgba(17,22,27,0.8)"}  # of words over lines
RAMP = {  # from the worst to the best: each stands out from its background by 3:1
    "light": ("#8F8F8F", "#2E86C1", "#00395C"),
    "dark": ("#6E6E6E", "#3A8DC4", "#CDE8FA"),
}


def parallel(shown: Lines, metric: str, goal: str, theme: str) -> dict[str, Any]:
    """What ECharts is told; ranges are chosen by dragging along an axis, better scores are further up.

    Args:
        theme: light or dark.
    """
    ink = _INK[theme]
    score = shown.frame["score"]
    axes = [_axis(place, one, shown.frame[one.column]) for place, one in enumerate(shown.parameters)]
    axes.append(_number_axis(len(axes), words.text(metric, 30), goal == "min", {}))
    ends = [score.min(), score.max()]
    colours = RAMP[theme] if goal == "max" else RAMP[theme][::-1]
    line = {"lineStyle": {"color": _RULE[theme], "width": 1.2}}
    return {
        "animation": False,
        "parallel": {
            "left": 50,
            "right": 70,
            "top": 56,
            "bottom": 28,
            "parallelAxisDefault": {
                "nameLocation": "end",
                "nameGap": 14,
                "realtime": True,
                "nameTextStyle": {"color": ink, "fontSize": 12, "overflow": "truncate", "width": 120},
                "axisLine": line,
                "axisTick": {**line, "alignWithLabel": True},
                "axisLabel": {
                    "color": ink,
                    "fontSize": 11,
                    "backgroundColor": _BACK[theme],
                    "padding": [1, 3],
                },
                "areaSelectStyle": {"width": 18, "borderColor": ink, "color": ink, "opacity": 0.25},
            },
        },
        "parallelAxis": axes,
        "visualMap": {
            "show": False,
            "dimension": len(axes) - 1,
            "min": ends[0],
            "max": ends[1],
            "inRange": {"color": list(colours)},
        },
        "tooltip": {"show": False},
        "series": [
            {
                "type": "parallel",
                "name": "trials",
                "smooth": False,
                "inactiveOpacity": 0.04,
                "activeOpacity": 0.9,
                "lineStyle": {"width": 1.3, "opacity": 0.65},
                "progressive": 0,
                "data": _rows(shown),
            }
        ],
    }


def _rows(shown: Lines) -> list[list[Any]]:
    """The value of every axis of every line; a dash where a trial does not have the parameter."""
    columns = [*(one.column for one in shown.parameters), "score"]
    short = shown.frame.select(columns).with_columns(pl.col(pl.Float64).round_sig_figs(4))
    return [["-" if value is None else value for value in row] for row in short.iter_rows()]


def _axis(place: int, parameter: Parameter, values: pl.Series) -> dict[str, Any]:
    name = words.text(parameter.path.rpartition(".")[2], 30)
    if parameter.is_number:
        return _number_axis(place, name, False, {"type": "log"} if parameter.scale.log else {})
    names = values.drop_nulls().unique().to_frame("name")
    order = names.sort(pl.col("name").cast(pl.Float64, strict=False), "name", nulls_last=True)[
        "name"
    ].to_list()
    return {"dim": place, "name": name, "type": "category", "data": order}


def _number_axis(place: int, name: str, inverse: bool, more: dict[str, Any]) -> dict[str, Any]:
    """From the least value to the largest; the name stands above also where less is above."""
    ends = {"min": "dataMin", "max": "dataMax"}
    above = "start" if inverse else "end"
    return (
        {"dim": place, "name": name, "type": "value", "inverse": inverse, "nameLocation": above} | ends | more
    )
