"""What the small charts of score against each parameter draw: points, or cells and the best points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from dashboard.kept import query
from dashboard.queries.description import Scale
from dashboard.queries.parameters import Parameter, Table, table
from dashboard.queries.score_axis import ScoreAxis, score_axis
from dashboard.snapshot import Snapshot

MOST_MARKS = 5000  # of all the charts together
BEST = 500  # points where there are cells, in each chart
ACROSS, UP = 24, 12  # cells of a chart
MOST_WHOLE = 12  # different whole numbers, to be drawn as categories
JITTER = 0.618033988749895  # the golden ratio spreads consecutive numbers evenly


@dataclass(frozen=True)
class Slices:
    """The charts of some parameters, in their order.

    Args:
        points: trial, family, state, is_best, score, jitter (0 to 1), and the column of each parameter.
        cells: by column of the parameter: low, high (or category), score_low, score_high, n; empty where all
            trials are points.
        n_trials: how many are in the charts, as points or in cells.
        best: the trial with the best score in the end, and that score; None where none is complete.
    """

    parameters: tuple[Parameter, ...]
    points: pl.DataFrame
    cells: dict[str, pl.DataFrame]
    axis: ScoreAxis
    n_trials: int
    best: tuple[int, float] | None


@query("trials", "epochs")
def slices(
    snapshot: Snapshot,
    search_id: str,
    family: str | None,
    rung: int | None,
    paths: tuple[str, ...],
    goal: str,
) -> Slices:
    """The charts of these parameters."""
    return cut(table(snapshot, search_id, family, rung), paths, goal, with_stopped=rung is None)


def cut(found: Table, paths: tuple[str, ...], goal: str, with_stopped: bool = False) -> Slices:
    """The charts of these parameters of a table.

    Args:
        with_stopped: also of trials that were stopped early, whose scores are of fewer epochs.
    """
    by_path = {one.path: one for one in found.parameters}
    frame, chosen = _strips(found.frame, tuple(by_path[path] for path in paths if path in by_path))
    drawn = pl.col("counts") | ((pl.col("state") == "stopped") if with_stopped else pl.lit(False))
    rows = frame.filter(drawn, pl.col("score").is_finite())
    axis = score_axis(rows["score"], goal)
    best = _best(frame, goal)
    rows = _ordered(rows, goal, best).with_columns(jitter=(pl.col("trial") * JITTER) % 1)
    columns = [one.column for one in chosen]
    wanted = rows.select("trial", "family", "state", "is_best", "score", "jitter", *columns)
    if rows.height * len(chosen) <= MOST_MARKS:
        return Slices(chosen, wanted, {}, axis, rows.height, best)
    cells = {one.column: _cells(rows, one, axis) for one in chosen}
    most = min(BEST, (MOST_MARKS - sum(frame.height for frame in cells.values())) // len(chosen))
    return Slices(chosen, wanted.head(max(most, 1)), cells, axis, rows.height, best)


def _strips(
    frame: pl.DataFrame, parameters: tuple[Parameter, ...]
) -> tuple[pl.DataFrame, tuple[Parameter, ...]]:
    """A few whole numbers are drawn as categories, so that their points can be spread."""
    chosen = []
    for one in parameters:
        values = frame[one.column].drop_nulls()
        if (
            one.is_number
            and not one.scale.log
            and values.n_unique() <= MOST_WHOLE
            and (values % 1 == 0).all()
        ):
            frame = frame.with_columns(pl.col(one.column).cast(pl.Int64).cast(pl.String))
            one = replace(one, scale=Scale("choice"))
        chosen.append(one)
    return frame, tuple(chosen)


def _best(rows: pl.DataFrame, goal: str) -> tuple[int, float] | None:
    """The complete trial that meets the constraints and has the best score in the end."""
    complete = rows.filter(pl.col("state") == "complete", pl.col("feasible"), pl.col("final").is_finite())
    loss = -pl.col("final") if goal == "max" else pl.col("final")
    first = complete.sort(loss, "trial").select("trial", "final").head(1).rows()
    return first[0] if first else None


def _ordered(rows: pl.DataFrame, goal: str, best: tuple[int, float] | None) -> pl.DataFrame:
    """The best trial first, then those that count by their scores, then the others."""
    loss = -pl.col("score") if goal == "max" else pl.col("score")
    is_best = pl.col("trial") == (best[0] if best else -1)
    return rows.with_columns(is_best.alias("is_best")).sort(~is_best, ~pl.col("counts"), loss, "trial")


def _cells(rows: pl.DataFrame, parameter: Parameter, axis: ScoreAxis) -> pl.DataFrame:
    """How many trials lie in each cell that is not empty."""
    there = rows.filter(pl.col(parameter.column).is_not_null())
    step = (axis.high - axis.low) / UP or 1.0
    up = ((pl.col("score").clip(axis.low, axis.high) - axis.low) / step).floor().clip(0, UP - 1)
    ends = (
        (axis.low + pl.col("up") * step).alias("score_low"),
        (axis.low + (pl.col("up") + 1) * step).alias("score_high"),
    )
    if not parameter.is_number:
        counted = there.group_by(pl.col(parameter.column).alias("category"), up.alias("up")).len("n")
        return counted.select("category", *ends, "n").sort("category", "score_low")
    edges = number_edges(there[parameter.column], parameter.scale.log)
    across = pl.Series(
        "across", np.clip(np.searchsorted(edges, there[parameter.column], "right") - 1, 0, ACROSS - 1)
    )
    counted = there.with_columns(across).group_by("across", up.alias("up")).len("n")
    at = counted["across"].to_numpy()
    sides = (pl.Series("low", edges[at]), pl.Series("high", edges[at + 1]))
    return counted.with_columns(*sides).select("low", "high", *ends, "n").sort("low", "score_low")


def number_edges(values: pl.Series, log: bool) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The ends of `ACROSS` cells over the range of a number: equally wide, on the scale of the space."""
    numbers = values.to_numpy()
    low, high = float(numbers.min()), float(numbers.max())
    if log and low > 0:
        return np.geomspace(low, high, ACROSS + 1)
    return np.linspace(low, high, ACROSS + 1)
