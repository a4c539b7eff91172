"""The harmonic mean of precision and recall, averaged over the classes or labels (macro F1).

van Rijsbergen, "Information Retrieval", 1979, chapter 7.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.metrics._positives import mean_of
from automl.task import Array


def f1(target: Array, prediction: Array) -> float:
    """The mean over classes or labels of ``2 right / (true + predicted)``.

    A class that is neither in `target` nor predicted is left out, as scikit-learn does. A label,
    predicted above one half, is left out if no row has it.

    >>> f1(np.array([0, 0, 1, 1]), np.array([[1, 0], [0, 1], [0, 1], [0, 1]]))
    0.7333333333333334
    >>> f1(np.array([[1, 0], [1, 0]]), np.array([[0.9, 0.8], [0.1, 0.2]]))
    0.6666666666666666
    """
    return float(_from_counts(_counts(target, prediction).mean(axis=0)))


def _counts(target: Array, prediction: Array) -> Array:
    """By class or label, twice whether it is right, how often true or predicted, and if it counts."""
    if target.ndim == 2:
        true, predicted = (target == 1).astype(np.float64), (prediction > 0.5).astype(np.float64)
        counts = true
    else:
        one_hot = np.eye(prediction.shape[1])
        true, predicted = one_hot[target], one_hot[prediction.argmax(axis=1)]
        counts = true + predicted
    return np.concatenate([2 * true * predicted, true + predicted, counts], axis=1)  # (rows, 3 n_classes)


def _from_counts(means: Array) -> Array:
    right, both, counts = np.split(means, 3, axis=-1)
    return mean_of(right / np.where(both > 0, both, 1.0), counts > 0, empty=0.0)


METRIC = Metric(
    "f1",
    "max",
    ("classification", "multilabel"),
    f1,
    "F1 averaged over the classes or labels, 0 to 1",
    per_row=_counts,
    from_mean=_from_counts,
    bounds=(0.0, 1.0),
    ties="log_loss",
)
