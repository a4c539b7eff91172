"""How well the probabilities order the rows of two classes (area under the ROC curve).

Hanley & McNeil, "The Meaning and Use of the Area under a ROC Curve", Radiology, 1982.
"""

from __future__ import annotations

import numpy as np

from automl.task import Array, Metric


def auroc(target: Array, prediction: Array) -> float:
    """The chance that a row of the second class has a higher probability of it than one of the first.

    Ties count one half (Mann-Whitney U). 0.5 where `target` has only one class: no pair to order.

    >>> auroc(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]))
    0.75
    """
    positive = target == 1
    n_positive = int(positive.sum())
    n_negative = len(target) - n_positive
    if n_positive == 0 or n_negative == 0:
        return 0.5
    _, place, counts = np.unique(prediction[:, 1], return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]  # from 1; ties share their mean
    surplus = rank[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(surplus / (n_positive * n_negative))


def _placements(target: Array, prediction: Array) -> Array:
    """How each row is placed among those of the other class: ``(rows, 5)``, whose means decide.

    The area is linear in them to first order (DeLong et al., Biometrics, 1988): mean placement of
    the positive rows plus that of the negative ones, less the area itself.
    """
    positive, chance = target == 1, prediction[:, 1]
    above = _share_below(chance, np.sort(chance[~positive]))
    below = 1.0 - _share_below(chance, np.sort(chance[positive]))
    whole = np.full(len(target), auroc(target, prediction))
    return np.column_stack([positive * above, positive, ~positive * below, ~positive, whole])


def _share_below(values: Array, others: Array) -> Array:
    """The share of the sorted `others` that each value is above; ties count one half."""
    both = np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")
    return np.asarray(both / max(2 * len(others), 1))


def _from_placements(means: Array) -> Array:
    positive, negative = means[..., 1], means[..., 3]
    both = (positive > 0) & (negative > 0)
    area = means[..., 0] / np.where(both, positive, 1.0) + means[..., 2] / np.where(both, negative, 1.0)
    return np.where(both, area - means[..., 4], 0.5)


METRIC = Metric(
    "auroc",
    "max",
    ("classification",),
    auroc,
    "area under the ROC curve, 0.5 is guessing",
    binary_only=True,
    per_row=_placements,
    from_mean=_from_placements,
    bounds=(0.0, 1.0),
)
