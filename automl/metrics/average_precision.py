"""The mean precision at the rows that are to be found, when rows are taken by falling score.

Buckley & Voorhees, "Evaluating Evaluation Measure Stability", SIGIR 2000; without interpolation, as in
scikit-learn.
"""

from __future__ import annotations

import numpy as np

from automl.metric import Metric
from automl.metrics._positives import mean_of, positives
from automl.task import Array


def average_precision(target: Array, prediction: Array) -> float:
    """The sum over thresholds of precision times the rise of recall, as ``average_precision_score``.

    Of two classes the second is to be found; of several labels, or of more classes, each against the
    rest, it is the mean (macro). Those that no row has are left out; 0 if no other is left. Guessing
    gives the share of the rows that are to be found.

    >>> average_precision(np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1]))
    0.8333333333333333
    """
    positive, score = positives(target, prediction)
    present = positive.sum(axis=0) > 0
    found = [
        _precision(positive[:, j], score[:, j])[0][positive[:, j]].mean() if present[j] else 0.0
        for j in range(len(present))
    ]
    return float(mean_of(np.array(found), present, empty=0.0))


def _precision(positive: Array, score: Array) -> tuple[Array, Array, Array]:
    """Of the rows that score at least as much as each: their precision and number, ``(rows,)``.

    The third is the order of the rows by falling score.
    """
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    last = np.searchsorted(-falling, -falling, "right")  # of ties, the last one; counted from 1
    n_found = np.cumsum(positive[order])[last - 1]
    precision, n_taken = np.empty(len(score)), np.empty(len(score))
    precision[order], n_taken[order] = n_found / last, last
    return precision, n_taken, order


def _shares(target: Array, prediction: Array) -> Array:
    """What each row gives to the average, then whether it is to be found: ``(rows, 2 n_columns)``.

    The average is a ratio of means whose upper one is linear in the rows' weights to first order: a
    row counts by the precision at its place, if it is to be found, and by what it does to the
    precision at every such row that scores no more, ``(positive - precision) / number taken``.
    """
    positive, score = positives(target, prediction)
    given = np.empty(positive.shape)
    for j in range(positive.shape[1]):
        true = positive[:, j].astype(np.float64)
        precision, n_taken, order = _precision(positive[:, j], score[:, j])
        below = _sums_from(np.stack([true / n_taken, true * precision / n_taken]), order, score[:, j])
        given[:, j] = true * precision + true * below[0] - below[1]
    return np.concatenate([given, positive], axis=1)


def _sums_from(values: Array, order: Array, score: Array) -> Array:
    """The sums over the rows that score no more than each; values ``(n, rows)``."""
    falling = score[order]
    sums = np.cumsum(values[:, order][:, ::-1], axis=1)[:, ::-1]
    out = np.empty(values.shape)
    out[:, order] = sums[:, np.searchsorted(-falling, -falling, "left")]
    return out


def _from_shares(means: Array) -> Array:
    given, positive = np.split(means, 2, axis=-1)
    present = positive > 0
    return mean_of(given / np.where(present, positive, 1.0), present, empty=0.0)


METRIC = Metric(
    "average_precision",
    "max",
    ("classification", "multilabel", "anomaly"),
    average_precision,
    "area under precision over recall, averaged over classes or labels, 0 to 1",
    per_row=_shares,
    from_mean=_from_shares,
    bounds=(0.0, 1.0),
)
