"""The Pareto front: what nothing else is better than in every respect."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from automl.metric import Goal


def pareto(frame: pl.DataFrame, objectives: Mapping[str, Goal]) -> pl.DataFrame:
    """The rows that no other row beats, in their order: none is as good in all objectives and better in one.

    Rows that lack a value are on no front; equal rows are on it together.

    Args:
        objectives: the goal of each objective, by the name of its column.

    >>> frame = pl.DataFrame({"trial": [0, 1, 2], "accuracy": [0.9, 0.8, 0.7], "latency_ms": [5.0, 1.0, 2.0]})
    >>> pareto(frame, {"accuracy": "max", "latency_ms": "min"})["trial"].to_list()
    [0, 1]
    """
    counted = frame.filter(
        pl.all_horizontal(pl.col(name).cast(pl.Float64).is_finite() for name in objectives)
    )
    values = (
        pl.col(name).cast(pl.Float64) * (-1 if goal == "max" else 1) for name, goal in objectives.items()
    )
    losses = counted.select(values).to_numpy()  # (rows, objectives), less is better
    front: list[int] = []
    for place in np.lexsort(losses.T[::-1]):  # whatever beats a row comes before it
        rivals = losses[front]
        beaten = (rivals <= losses[place]).all(axis=1) & (rivals < losses[place]).any(axis=1)
        if not beaten.any():
            front.append(int(place))
    return counted[sorted(front)]
