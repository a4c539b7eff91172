"""How far apart the features of generated and of real rows are, as two normal distributions.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
NeurIPS 2017, equation 6; there the features are those of a network for photographs (FID).
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array


def frechet_distance(target: Array, prediction: Array) -> float:
    """``|m - n|^2 + trace(A + B - 2 (A B)^(1/2))`` of means m, n and covariances A, B.

    Args:
        target: ``(rows, n_features)`` of real rows.
        prediction: ``(rows, n_features)`` of generated ones.

    >>> rows = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]])
    >>> frechet_distance(rows, rows + [3.0, 4.0])
    25.0
    >>> round(frechet_distance(rows, 2 * rows - 1), 9)
    2.0
    """
    one, other = _covariance(target), _covariance(prediction)
    root = _root(one)
    # (A B)^(1/2) has the trace of (A^(1/2) B A^(1/2))^(1/2), whose argument is symmetric.
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0.0)).sum()
    shift = np.square(target.mean(axis=0) - prediction.mean(axis=0)).sum()
    return float(max(shift + np.trace(one) + np.trace(other) - 2 * overlap, 0.0))


def _covariance(features: Array) -> Array:
    centred = features - features.mean(axis=0)
    return np.asarray(centred.T @ centred / len(features))


def _root(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


METRIC = Metric(
    "frechet_distance",
    "min",
    ("generation",),
    frechet_distance,
    "squared distance of generated from real rows by mean and covariance of their features, 0 is alike",
    bounds=(0.0, float("inf")),
)
