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


METRIC = Metric("r2", "max", ("regression",), r2, "share of the target's variance explained, at most 1")
