"""The mean over the classes of the share of their rows that is recognised.

Brodersen et al., "The Balanced Accuracy and Its Posterior Distribution", ICPR 2010.
"""

from __future__ import annotations

import numpy as np

from automl.task import Array, Metric


def balanced_accuracy(target: Array, prediction: Array) -> float:
    """The mean recall over the classes that occur in `target`.

    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([[1, 0], [1, 0], [0, 1], [0, 1]]))
    0.8333333333333333
    """
    n_rows = np.bincount(target, minlength=prediction.shape[1])
    n_right = np.bincount(target[prediction.argmax(axis=1) == target], minlength=prediction.shape[1])
    present = n_rows > 0
    return float(np.mean(n_right[present] / n_rows[present]))


METRIC = Metric(
    "balanced_accuracy",
    "max",
    ("classification",),
    balanced_accuracy,
    "mean over the classes of the share of their rows put right, 0 to 1",
)
