"""The mean over the classes of the share of their rows that is recognised.

Brodersen et al., "The Balanced Accuracy and Its Posterior Distribution", ICPR 2010.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def balanced_accuracy(target: Array, prediction: Array) -> float:
    """The mean recall over the classes that occur in `target`.

    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([[1, 0], [1, 0], [0, 1], [0, 1]]))
    0.8333333333333333
    """
    n_rows = np.bincount(target, minlength=prediction.shape[1])
    n_right = np.bincount(target[prediction.argmax(axis=1) == target], minlength=prediction.shape[1])
    present = n_rows > 0
    return float(np.mean(n_right[present] / n_rows[present]))


def _counts(target: Array, prediction: Array) -> Array:
    """By class, whether it is rightly predicted, then whether it is true."""
    one_hot = np.eye(prediction.shape[1])
    true = one_hot[target]
    return np.concatenate([true * one_hot[prediction.argmax(axis=1)], true], axis=1)  # (rows, 2 n_classes)


def _from_counts(means: Array) -> Array:
    right, true = np.split(means, 2, axis=-1)
    present = true > 0
    return np.asarray(np.mean(right / np.where(present, true, 1.0), axis=-1, where=present))


METRIC = Metric(
    "balanced_accuracy",
    "max",
    ("classification",),
    balanced_accuracy,
    "mean over the classes of the share of their rows put right, 0 to 1",
    per_row=_counts,
    from_mean=_from_counts,
    bounds=(0.0, 1.0),
    ties="log_loss",
)
