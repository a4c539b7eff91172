"""The mean squared error in deviations of the training series.

The figure that papers on long horizons print as MSE: Zhou et al., "Informer: Beyond Efficient
Transformer for Long Sequence Time-Series Forecasting", AAAI 2021, and those after it.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def scaled_mse(target: Array, prediction: Array, deviation: Array) -> float:
    """The mean of ``((target - prediction) / deviation)^2``: 1 is about what the training mean gets.

    Args:
        deviation: ``(n_outputs,)`` standard deviation of the training series.

    >>> scaled_mse(np.array([[1.0, 10.0]]), np.array([[2.0, 30.0]]), np.array([1.0, 10.0]))
    2.5
    """
    return float(np.mean(_scaled_squares(target, prediction, deviation)))


def _scaled_squares(target: Array, prediction: Array, deviation: Array) -> Array:
    return np.asarray(np.mean(np.square((target - prediction) / deviation), axis=1))


METRIC = Metric(
    "scaled_mse",
    "min",
    ("forecasting",),
    scaled_mse,
    "mean squared error in deviations of the training series",
    per_row=_scaled_squares,
    bounds=(0.0, float("inf")),
    needs="deviation",
)
