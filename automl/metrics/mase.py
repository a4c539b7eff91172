"""The mean absolute scaled error.

Hyndman & Koehler, "Another look at measures of forecast accuracy", International Journal of
Forecasting 22 (2006), with the seasonal naive forecast of the training series as the scale.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def mase(target: Array, prediction: Array, naive_error: Array) -> float:
    """The mean of ``|target - prediction| / naive_error``: below 1 is better than the naive forecast was.

    Args:
        naive_error: ``(n_outputs,)`` mean absolute error of the seasonal naive forecast in training.

    >>> mase(np.array([[1.0, 10.0]]), np.array([[2.0, 30.0]]), np.array([2.0, 10.0]))
    1.25
    """
    return float(np.mean(_scaled_errors(target, prediction, naive_error)))


def _scaled_errors(target: Array, prediction: Array, naive_error: Array) -> Array:
    return np.asarray(np.mean(np.abs(target - prediction) / naive_error, axis=1))


METRIC = Metric(
    "mase",
    "min",
    ("forecasting",),
    mase,
    "mean absolute error in units of the seasonal naive forecast's in training",
    per_row=_scaled_errors,
    bounds=(0.0, float("inf")),
    needs="naive_error",
)
