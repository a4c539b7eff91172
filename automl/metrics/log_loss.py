"""The mean negative logarithm of the probability given to what is true.

Good, "Rational Decisions", Journal of the Royal Statistical Society B, 1952.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def log_loss(target: Array, prediction: Array) -> float:
    """The mean of ``-ln p(true class)``, in nats; of labels, the mean over them and the rows.

    Probabilities are kept at or above the precision of a 64-bit float, so that one certain mistake
    costs about 36 nats rather than infinity.

    >>> round(log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 6)
    0.693147
    >>> round(log_loss(np.array([[0, 1, 1]]), np.array([[0.5, 0.5, 1.0]])), 6)
    0.462098
    """
    return float(np.mean(_nats(target, prediction)))


def _nats(target: Array, prediction: Array) -> Array:
    least = np.finfo(np.float64).eps
    if target.ndim == 2:
        right = np.where(target == 1, prediction, 1.0 - prediction.astype(np.float64))
        return np.asarray(-np.log(np.clip(right, least, 1.0)).mean(axis=1))
    given = prediction[np.arange(len(target)), target].astype(np.float64)
    return np.asarray(-np.log(np.clip(given, least, 1.0)))


METRIC = Metric(
    "log_loss",
    "min",
    ("classification", "multilabel"),
    log_loss,
    "mean -ln(probability of the true class or label), in nats",
    per_row=_nats,
    bounds=(0.0, float("inf")),
)
