"""The share of the target's variance that is explained."""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def r2(target: Array, prediction: Array) -> float:
    """``1 - squared error / variance``: 1 is perfect, 0 as good as the mean, below 0 worse.

    Both are ``(rows,)`` or ``(rows, n)``; of several outputs it is the plain mean. A constant output
    gives 1 when it is met exactly, else 0, as scikit-learn does.

    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    0.5
    """
    return float(_from_moments(_moments(target, prediction).mean(axis=0)))


def _moments(target: Array, prediction: Array) -> Array:
    """Squared error, and the target's first two moments about one fixed point: ``(rows, 3 n)``."""
    target, prediction = target.reshape(len(target), -1), prediction.reshape(len(target), -1)
    mean = np.where(np.ptp(target, axis=0) == 0, target[0], target.mean(axis=0))  # of equal numbers, exact
    centred = target - mean  # else the difference of two large numbers
    return np.concatenate([np.square(target - prediction), centred, np.square(centred)], axis=1)


def _from_moments(means: Array) -> Array:
    error, first, second = np.split(means, 3, axis=-1)
    variation = second - np.square(first)
    varies = variation > 0
    explained = 1.0 - error / np.where(varies, variation, 1.0)
    return np.asarray(np.where(varies, explained, error == 0).mean(axis=-1))


METRIC = Metric(
    "r2",
    "max",
    ("regression",),
    r2,
    "share of the target's variance explained, at most 1",
    per_row=_moments,
    from_mean=_from_moments,
    bounds=(float("-inf"), 1.0),
)
