"""The root of the mean squared error."""

from __future__ import annotations

import numpy as np

from automl.task import Array, Metric


def rmse(target: Array, prediction: Array) -> float:
    """The root of the mean squared difference, in the target's own units.

    >>> rmse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.4142135623730951
    """
    return float(np.sqrt(np.mean(np.square(target - prediction))))


def _squares(target: Array, prediction: Array) -> Array:
    return np.asarray(np.square(target - prediction))


METRIC = Metric(
    "rmse",
    "min",
    ("regression",),
    rmse,
    "root mean squared error, in the target's units",
    per_row=_squares,
    from_mean=np.sqrt,
    bounds=(0.0, float("inf")),
)
