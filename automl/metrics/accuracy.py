"""The share of rows that are wholly right: the class, or every label."""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def accuracy(target: Array, prediction: Array) -> float:
    """The share of right rows, as scikit-learn's ``accuracy_score``.

    Args:
        target: ``(rows,)`` codes, or ``(rows, n_labels)`` 0 or 1.
        prediction: probabilities ``(rows, n_classes)``, of which the largest counts, or ``(rows,
            n_labels)``, of which each says yes above one half; then a row is right if all labels are.

    >>> accuracy(np.array([0, 1, 1, 0]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]))
    0.75
    >>> accuracy(np.array([[1, 0], [1, 1]]), np.array([[0.9, 0.2], [0.9, 0.2]]))
    0.5
    """
    return float(np.mean(_right(target, prediction)))


def _right(target: Array, prediction: Array) -> Array:
    if target.ndim == 2:
        return np.asarray(((prediction > 0.5) == target).all(axis=1), np.float64)
    return np.asarray(prediction.argmax(axis=1) == target, np.float64)


METRIC = Metric(
    "accuracy",
    "max",
    ("classification", "multilabel"),
    accuracy,
    "share of rows put into the right class, or with every label right, 0 to 1",
    per_row=_right,
    bounds=(0.0, 1.0),
    ties="log_loss",
)
