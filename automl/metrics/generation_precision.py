"""The share of generated rows that lie among the real ones.

Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS
2019, equation 2 with k = 3.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array

_NEIGHBOURS = 3
_MOST_ROWS = 1000  # that others are compared with
_BLOCK = 4096


def covered(rows: Array, by: Array) -> Array:
    """Whether each of `rows` is no farther from one of `by` than that one's third neighbour in `by` is.

    Of more than 1,000 rows in `by`, evenly spaced ones are taken.

    Returns:
        ``(rows,)`` of 0 or 1.
    """
    if len(by) > _MOST_ROWS:
        by = by[np.linspace(0, len(by) - 1, _MOST_ROWS).astype(np.int64)]
    among = _squared_distances(by, by)
    np.fill_diagonal(among, np.inf)
    k = min(_NEIGHBOURS, len(by) - 1)
    radius = np.partition(among, k - 1, axis=1)[:, k - 1] if k else np.zeros(len(by))
    blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    inside = [(_squared_distances(block, by) <= radius).any(axis=1) for block in blocks]
    return np.concatenate(inside).astype(np.float64)


def generation_precision(target: Array, prediction: Array) -> float:
    """How many generated rows look real; both ``(rows, n_features)``.

    >>> real = np.arange(6.0)[:, None]
    >>> generation_precision(real, np.array([[0.5], [2.5], [99.0], [-99.0]]))
    0.5
    """
    return float(np.mean(_realistic(target, prediction)))


def _realistic(target: Array, prediction: Array) -> Array:
    return covered(prediction, by=target)


def _squared_distances(one: Array, other: Array) -> Array:
    squares = np.square(one).sum(axis=1)[:, None] + np.square(other).sum(axis=1)
    return np.asarray(np.maximum(squares - 2 * one @ other.T, 0.0))


METRIC = Metric(
    "generation_precision",
    "max",
    ("generation",),
    generation_precision,
    "share of generated rows that lie among real ones, 0 to 1",
    per_row=_realistic,
    bounds=(0.0, 1.0),
)
