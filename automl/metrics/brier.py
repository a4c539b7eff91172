"""The mean squared distance of the probabilities from what was true.

Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review, 1950.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def brier(target: Array, prediction: Array) -> float:
    """The mean over rows of the sum over classes of ``(p - truth)^2``: 0 at best, 2 at worst.

    This is Brier's own definition, for any number of classes; for two classes it is twice the
    one-sided score that some libraries give. Of labels, ``(rows, n_labels)`` both, it is the mean of
    their one-sided scores: 1 at worst.

    >>> brier(np.array([0, 1]), np.array([[0.5, 0.5], [0.0, 1.0]]))
    0.25
    >>> brier(np.array([[1, 0]]), np.array([[0.5, 0.0]]))
    0.125
    """
    return float(np.mean(_distances(target, prediction)))


def _distances(target: Array, prediction: Array) -> Array:
    if target.ndim == 2:
        return np.asarray(np.mean(np.square(prediction.astype(np.float64) - target), axis=1))
    distance = prediction.astype(np.float64)
    distance[np.arange(len(target)), target] -= 1.0
    return np.asarray(np.sum(distance**2, axis=1))


METRIC = Metric(
    "brier",
    "min",
    ("classification", "multilabel"),
    brier,
    "mean squared error of the probabilities, 0 to 2 (of labels, 0 to 1)",
    per_row=_distances,
    bounds=(0.0, 2.0),
)
