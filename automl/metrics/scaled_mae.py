"""The mean absolute error in deviations of the training series.

The figure that papers on long horizons print as MAE: Zhou et al., "Informer: Beyond Efficient
Transformer for Long Sequence Time-Series Forecasting", AAAI 2021, and those after it.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def scaled_mae(target: Array, prediction: Array, deviation: Array) -> float:
    """The mean of ``|target - prediction| / deviation``.

    Args:
        deviation: ``(n_outputs,)`` standard deviation of the training series.

    >>> scaled_mae(np.array([[1.0, 10.0]]), np.array([[2.0, 30.0]]), np.array([1.0, 10.0]))
    1.5
    """
    return float(np.mean(_scaled_distances(target, prediction, deviation)))


def _scaled_distances(target: Array, prediction: Array, deviation: Array) -> Array:
    return np.asarray(np.mean(np.abs(target - prediction) / deviation, axis=1))


METRIC = Metric(
    "scaled_mae",
    "min",
    ("forecasting",),
    scaled_mae,
    "mean absolute error in deviations of the training series",
    per_row=_scaled_distances,
    bounds=(0.0, float("inf")),
    needs="deviation",
)
