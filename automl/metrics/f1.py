"""The harmonic mean of precision and recall, averaged over the classes (macro F1).

van Rijsbergen, "Information Retrieval", 1979, chapter 7.
"""

from __future__ import annotations

import numpy as np

from automl.task import Array, Metric


def f1(target: Array, prediction: Array) -> float:
    """The mean over the classes of ``2 right / (true + predicted)``.

    A class that is neither in `target` nor predicted is left out, as scikit-learn does.

    >>> f1(np.array([0, 0, 1, 1]), np.array([[1, 0], [0, 1], [0, 1], [0, 1]]))
    0.7333333333333334
    """
    n_classes = prediction.shape[1]
    predicted = prediction.argmax(axis=1)
    n_right = np.bincount(target[predicted == target], minlength=n_classes)
    both = np.bincount(target, minlength=n_classes) + np.bincount(predicted, minlength=n_classes)
    present = both > 0
    return float(np.mean(2 * n_right[present] / both[present]))


def _counts(target: Array, prediction: Array) -> Array:
    """By class, twice whether it is rightly predicted, then how often it is true or predicted."""
    one_hot = np.eye(prediction.shape[1])
    true, predicted = one_hot[target], one_hot[prediction.argmax(axis=1)]
    return np.concatenate([2 * true * predicted, true + predicted], axis=1)  # (rows, 2 n_classes)


def _from_counts(means: Array) -> Array:
    right, both = np.split(means, 2, axis=-1)
    present = both > 0
    return np.asarray(np.mean(right / np.where(present, both, 1.0), axis=-1, where=present))


METRIC = Metric(
    "f1",
    "max",
    ("classification",),
    f1,
    "F1 averaged over the classes, 0 to 1",
    per_row=_counts,
    from_mean=_from_counts,
    bounds=(0.0, 1.0),
)
