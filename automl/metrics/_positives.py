"""Rows of any labelled task as columns of yes or no, one a label or class, beside their scores."""

from __future__ import annotations

import numpy as np

from automl.task import Array


def positives(target: Array, prediction: Array) -> tuple[Array, Array]:
    """What is true of each row, and how sure the prediction is of it, one column for each question.

    - labels, ``(rows, n_labels)`` both: one column a label;
    - anomalies, ``(rows,)`` both: one column;
    - two classes, ``(rows,)`` codes and ``(rows, 2)`` probabilities: one column, of the second class;
    - more classes: one column a class against the rest.

    Returns:
        Booleans and scores, both ``(rows, n_columns)``.
    """
    if target.ndim == 2:
        return target == 1, prediction
    if prediction.ndim == 1:
        return target[:, None] == 1, prediction[:, None]
    if prediction.shape[1] == 2:
        return target[:, None] == 1, prediction[:, 1:]
    return target[:, None] == np.arange(prediction.shape[1]), prediction


def mean_of(values: Array, counted: Array, empty: float) -> Array:
    """The mean over the last axis of those that are counted; `empty` where none is."""
    n = counted.sum(axis=-1)
    mean = np.where(counted, values, 0.0).sum(axis=-1) / np.maximum(n, 1)
    return np.where(n > 0, mean, empty)
