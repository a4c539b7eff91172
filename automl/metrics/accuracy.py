"""The share of rows whose most probable class is the true one."""

from __future__ import annotations

import numpy as np

from automl.task import Array, Metric


def accuracy(target: Array, prediction: Array) -> float:
    """The share of right rows; `target` ``(rows,)`` codes, `prediction` ``(rows, n_classes)``.

    >>> accuracy(np.array([0, 1, 1, 0]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]))
    0.75
    """
    return float(np.mean(prediction.argmax(axis=1) == target))


def _right(target: Array, prediction: Array) -> Array:
    return np.asarray(prediction.argmax(axis=1) == target, np.float64)


METRIC = Metric(
    "accuracy",
    "max",
    ("classification",),
    accuracy,
    "share of rows put into the right class, 0 to 1",
    per_row=_right,
    bounds=(0.0, 1.0),
)
