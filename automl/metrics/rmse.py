"""The root of the mean squared error."""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def rmse(target: Array, prediction: Array) -> float:
    """The root of the mean squared difference, in the target's own units.

    Both are ``(rows,)`` or ``(rows, n)``; of several outputs it is the plain mean of their roots, as
    scikit-learn's ``root_mean_squared_error``.

    >>> rmse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.4142135623730951
    """
    return float(_from_squares(_squares(target, prediction).mean(axis=0)))


def _squares(target: Array, prediction: Array) -> Array:
    return np.asarray(np.square(target - prediction).reshape(len(target), -1))  # (rows, n)


def _from_squares(means: Array) -> Array:
    return np.asarray(np.sqrt(means).mean(axis=-1))


METRIC = Metric(
    "rmse",
    "min",
    ("regression", "forecasting"),
    rmse,
    "root mean squared error, in the target's units",
    per_row=_squares,
    from_mean=_from_squares,
    bounds=(0.0, float("inf")),
)
