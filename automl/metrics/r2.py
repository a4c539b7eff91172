"""The share of the target's variance that is explained."""

from __future__ import annotations

import numpy as np

from automl.task import Array, Metric


def r2(target: Array, prediction: Array) -> float:
    """``1 - squared error / variance``: 1 is perfect, 0 as good as the mean, below 0 worse.

    A constant target gives 1 when it is met exactly, else 0, as scikit-learn does.

    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    0.5
    """
    error = float(np.sum(np.square(target - prediction)))
    variation = float(np.sum(np.square(target - np.mean(target))))
    if variation == 0.0:
        return 1.0 if error == 0.0 else 0.0
    return 1.0 - error / variation


def _moments(target: Array, prediction: Array) -> Array:
    """Squared error, and the target's first two moments about one fixed point: ``(rows, 3)``."""
    centred = target - np.mean(target)  # else the difference of two large numbers
    return np.column_stack([np.square(target - prediction), centred, np.square(centred)])


def _from_moments(means: Array) -> Array:
    error, variation = means[..., 0], means[..., 2] - np.square(means[..., 1])
    varies = variation > 0
    return np.where(varies, 1.0 - error / np.where(varies, variation, 1.0), np.where(error == 0, 1.0, 0.0))


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
