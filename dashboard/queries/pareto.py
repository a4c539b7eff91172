"""Quality against quality, or against cost: what no other trial is better than in every respect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from automl.metric import Goal
from automl.pareto import pareto
from dashboard.kept import query
from dashboard.queries.trials import trials
from dashboard.snapshot import Snapshot

COSTS = {"n_parameters": "weights", "train_seconds": "seconds of training", "latency_ms": "latency (ms)"}
MOST_POINTS = 5000
PIVOTS = 64  # good rows that most others are compared with first
SEED = 0


@dataclass(frozen=True)
class Front:
    """Trials by what is compared.

    Args:
        frame: trial, family, on_front, and one column for each of `names`.
        names: what is compared, by the name of the column: ``v0``, ``v1``, ...
        n_trials: complete and feasible ones that have all values, of which the frame shows some.
    """

    frame: pl.DataFrame
    names: dict[str, str]
    goals: dict[str, Goal]
    n_trials: int

    @property
    def n_on_front(self) -> int:
        return int(self.frame["on_front"].sum())


@query("trials")
def front(snapshot: Snapshot, search_id: str, objectives: tuple[tuple[str, Goal], ...]) -> Front:
    """The front of the complete trials that meet the constraints, with at most `MOST_POINTS` of the others."""
    rows = trials(snapshot, search_id).filter(pl.col("state") == "complete", pl.col("feasible"))
    names = {f"v{place}": name for place, (name, _) in enumerate(objectives)}
    goals = {f"v{place}": goal for place, (_, goal) in enumerate(objectives)}
    found = rows.select("trial", "family", "score", "metric", "scores", *COSTS).sort("trial").collect()
    values = _values(found, tuple(names.values()))
    compared = found.select("trial", "family").with_columns(
        values[name].alias(column) for column, name in names.items()
    )
    whole = compared.filter(pl.all_horizontal(pl.col(column).is_finite() for column in names))
    on_front = best_of(whole, goals).select("trial", on_front=True)
    marked = whole.join(on_front, on="trial", how="left").with_columns(pl.col("on_front").fill_null(False))
    others = marked.filter(~pl.col("on_front"))
    room = max(0, MOST_POINTS - on_front.height)
    if others.height > room:
        others = others.sample(room, seed=SEED)
    shown = pl.concat([others, marked.filter("on_front").head(MOST_POINTS)])
    return Front(shown, names, goals, whole.height)


def _values(rows: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """What is compared, by name: costs from their columns, scores from their JSON.

    A score that is missing there is that of the column `score`, where it is of that metric.
    """
    scores = [name for name in names if name not in COSTS]
    if scores:
        shape = pl.Struct(dict.fromkeys(scores, pl.String))
        rows = rows.with_columns(rows["scores"].str.json_decode(shape).alias("scores"))
    return rows.select(
        pl.col(name).cast(pl.Float64)
        if name in COSTS
        else pl.coalesce(
            pl.col("scores").struct.field(name).cast(pl.Float64, strict=False),
            pl.when(pl.col("metric") == name).then("score"),
        ).alias(name)
        for name in names
    )


def best_of(rows: pl.DataFrame, goals: Mapping[str, Goal]) -> pl.DataFrame:
    """What `pareto` gives, sooner where there are many rows: those that a few good ones beat are left out first.

    >>> best_of(pl.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]}), {"a": "max", "b": "min"}).height
    2
    """
    if rows.height <= PIVOTS:
        return pareto(rows, goals)
    losses = rows.select(-pl.col(name) if goal == "max" else pl.col(name) for name, goal in goals.items())
    ranks = losses.select(pl.all().rank("average"))
    total = ranks.select(pl.sum_horizontal(pl.all())).to_series()
    best_in_one = [ranks[name].arg_sort()[: PIVOTS // (2 * len(goals))] for name in ranks.columns]
    pivots = pl.concat([total.arg_sort()[: PIVOTS // 2], *best_in_one]).unique()
    values = losses.to_numpy()
    beaten = np.zeros(rows.height, dtype=bool)
    for pivot in values[pivots.to_numpy()]:
        beaten |= (pivot <= values).all(axis=1) & (pivot < values).any(axis=1)
    return pareto(rows.filter(~pl.Series(beaten)), goals)
