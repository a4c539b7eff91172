"""The share of real rows that generated ones lie around.

Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS
2019, equation 2 with k = 3.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.metrics.generation_precision import covered
from automl.task import Array


def generation_recall(target: Array, prediction: Array) -> float:
    """How much of what is real is generated; both ``(rows, n_features)``.

    >>> real = np.array([[0.0], [1.0], [2.0], [50.0]])
    >>> generation_recall(real, np.arange(6.0)[:, None])
    0.75
    """
    return float(np.mean(_reached(target, prediction)))


def _reached(target: Array, prediction: Array) -> Array:
    return covered(target, by=prediction)


METRIC = Metric(
    "generation_recall",
    "max",
    ("generation",),
    generation_recall,
    "share of real rows that lie among generated ones, 0 to 1",
    per_row=_reached,
    bounds=(0.0, 1.0),
)
