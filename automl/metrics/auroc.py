"""How well the probabilities order the rows of two classes (area under the ROC curve).

Hanley & McNeil, "The Meaning and Use of the Area under a ROC Curve", Radiology, 1982.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.metrics._positives import mean_of, positives
from automl.task import Array


def auroc(target: Array, prediction: Array) -> float:
    """The chance that a row that has a label, or is anomalous, has a higher score than one that is not.

    Ties count one half (Mann-Whitney U). Of two classes the second is asked for; of several labels, or
    of more classes, each against the rest, it is the mean (macro). Those that all rows have, or none,
    are left out, as there is no pair to order; 0.5 if no other is left.

    >>> auroc(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]))
    0.75
    """
    positive, score = positives(target, prediction)
    n_positive = positive.sum(axis=0)
    ordered = (n_positive > 0) & (n_positive < len(target))
    areas = [_area(positive[:, j], score[:, j]) if ordered[j] else 0.0 for j in range(len(ordered))]
    return float(mean_of(np.array(areas), ordered, empty=0.5))


def _area(positive: Array, score: Array) -> float:
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]  # from 1; ties share their mean
    n_positive = int(positive.sum())
    surplus = rank[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(surplus / (n_positive * (len(positive) - n_positive)))


def _placements(target: Array, prediction: Array) -> Array:
    """How each row is placed among those of the other kind: ``(rows, 3 n_columns)``, whose means decide.

    The area is linear in them to first order (DeLong et al., Biometrics, 1988): mean placement of
    the positive rows plus that of the negative ones, less the area itself.
    """
    positive, score = positives(target, prediction)
    placed = np.empty((3, len(target), positive.shape[1]))
    for j in range(positive.shape[1]):
        true, values = positive[:, j], score[:, j]
        above = _share_below(values, np.sort(values[~true]))
        below = 1.0 - _share_below(values, np.sort(values[true]))
        area = above[true].mean() if true.any() else 0.0
        placed[:, :, j] = true * (above - area), ~true * below, true
    return np.concatenate(list(placed), axis=1)


def _share_below(values: Array, others: Array) -> Array:
    """The share of the sorted `others` that each value is above; ties count one half."""
    both = np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")
    return np.asarray(both / max(2 * len(others), 1))


def _from_placements(means: Array) -> Array:
    above, below, positive = np.split(means, 3, axis=-1)
    ordered = (positive > 0) & (positive < 1)
    share = np.where(ordered, positive, 0.5)
    return mean_of(above / share + below / (1 - share), ordered, empty=0.5)


METRIC = Metric(
    "auroc",
    "max",
    ("classification", "multilabel", "anomaly"),
    auroc,
    "area under the ROC curve, averaged over classes or labels; 0.5 is guessing",
    per_row=_placements,
    from_mean=_from_placements,
    bounds=(0.0, 1.0),
)
