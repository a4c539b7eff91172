"""The share of rows whose nearest neighbours by embedding have their class (k nearest neighbours).

Cover & Hart, "Nearest Neighbor Pattern Classification", 1967; by cosine to judge embeddings: Wu et al.,
"Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018, section 3.4.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.task import Array

_NEIGHBOURS = 5
_BLOCK = 1024  # rows compared with all others at a time


def neighbour_accuracy(target: Array, prediction: Array) -> float:
    """How often the five nearest other rows name a row's class by most votes.

    Of equal votes, those of nearer rows count more.

    Args:
        target: ``(rows,)`` codes.
        prediction: ``(rows, n_features)`` embeddings, compared by the cosine of their angle.

    >>> codes = np.repeat([0, 1], 6)
    >>> neighbour_accuracy(codes, np.eye(2)[codes])
    1.0
    """
    return float(np.mean(_right(target, prediction)))


def _right(target: Array, prediction: Array) -> Array:
    """Whether each row is right, by its neighbours among all of the rows."""
    codes = np.unique(target, return_inverse=True)[1]
    k = min(_NEIGHBOURS, len(codes) - 1)
    if k == 0:
        return np.zeros(len(codes))
    units = prediction / np.maximum(np.linalg.norm(prediction, axis=1, keepdims=True), 1e-12)
    # The nearer of two counts a little more, too little to outvote another row.
    weights = 1.0 + np.linspace(0.1, 0.0, k) / k
    right = np.empty(len(codes))
    for start in range(0, len(codes), _BLOCK):
        near = units[start : start + _BLOCK] @ units.T
        here = np.arange(len(near))
        near[here, here + start] = -np.inf
        nearest = np.argpartition(-near, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(near, nearest, axis=1), axis=1, kind="stable")
        nearest = np.take_along_axis(nearest, order, axis=1)
        votes = np.zeros((len(near), int(codes.max()) + 1))
        for place in range(k):
            votes[here, codes[nearest[:, place]]] += weights[place]
        right[start : start + _BLOCK] = votes.argmax(axis=1) == codes[start : start + _BLOCK]
    return right


METRIC = Metric(
    "neighbour_accuracy",
    "max",
    ("representation",),
    neighbour_accuracy,
    "share of rows with the class of most of their 5 nearest neighbours, 0 to 1",
    per_row=_right,
    bounds=(0.0, 1.0),
)
