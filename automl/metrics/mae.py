"""The mean absolute error."""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def mae(target: Array, prediction: Array) -> float:
    """The mean absolute difference, in the target's own units; of several outputs, their plain mean.

    Both are ``(rows,)`` or ``(rows, n)``.

    >>> mae(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
    """
    return float(np.mean(_distances(target, prediction)))


def _distances(target: Array, prediction: Array) -> Array:
    return np.asarray(np.abs(target - prediction).reshape(len(target), -1).mean(axis=1))


METRIC = Metric(
    "mae",
    "min",
    ("regression", "forecasting"),
    mae,
    "mean absolute error, in the target's units",
    per_row=_distances,
    bounds=(0.0, float("inf")),
)
