"""The mean absolute error."""

from __future__ import annotations

import numpy as np

from automl.task import Array, Metric


def mae(target: Array, prediction: Array) -> float:
    """The mean absolute difference, in the target's own units.

    >>> mae(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
    """
    return float(np.mean(np.abs(target - prediction)))


def _distances(target: Array, prediction: Array) -> Array:
    return np.asarray(np.abs(target - prediction))


METRIC = Metric(
    "mae",
    "min",
    ("regression",),
    mae,
    "mean absolute error, in the target's units",
    per_row=_distances,
    bounds=(0.0, float("inf")),
)
