"""The symmetric mean absolute percentage error.

Makridakis, Spiliotis & Assimakopoulos, "The M4 Competition", International Journal of Forecasting 36
(2020), equation 1.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def smape(target: Array, prediction: Array) -> float:
    """The mean of ``200 |target - prediction| / (|target| + |prediction|)``, in percent, from 0 to 200.

    Where both are 0 there is no error.

    >>> smape(np.array([[1.0, 0.0]]), np.array([[3.0, 0.0]]))
    50.0
    """
    return float(np.mean(_percentages(target, prediction)))


def _percentages(target: Array, prediction: Array) -> Array:
    error, size = np.abs(target - prediction), np.abs(target) + np.abs(prediction)
    return np.asarray(np.mean(200.0 * error / np.where(size > 0, size, 1.0), axis=1))


METRIC = Metric(
    "smape",
    "min",
    ("forecasting",),
    smape,
    "symmetric mean absolute percentage error, 0 to 200",
    per_row=_percentages,
    bounds=(0.0, 200.0),
)
