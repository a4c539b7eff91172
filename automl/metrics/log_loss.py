"""The mean negative logarithm of the probability given to the true class.

Good, "Rational Decisions", Journal of the Royal Statistical Society B, 1952.
"""

from __future__ import annotations

import numpy as np

from automl.task import Array, Metric


def log_loss(target: Array, prediction: Array) -> float:
    """The mean of ``-ln p(true class)``, in nats.

    Probabilities are kept at or above the precision of a 64-bit float, so that one certain mistake
    costs about 36 nats rather than infinity.

    >>> round(log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 6)
    0.693147
    """
    return float(np.mean(_nats(target, prediction)))


def _nats(target: Array, prediction: Array) -> Array:
    given = prediction[np.arange(len(target)), target].astype(np.float64)
    return np.asarray(-np.log(np.clip(given, np.finfo(np.float64).eps, 1.0)))


METRIC = Metric(
    "log_loss",
    "min",
    ("classification",),
    log_loss,
    "mean -ln(probability of the true class), in nats",
    per_row=_nats,
    bounds=(0.0, float("inf")),
)
