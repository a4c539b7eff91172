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


METRIC = Metric(
    "auroc", "max", ("classification",), auroc, "area under the ROC curve, 0.5 is guessing", binary_only=True
)
