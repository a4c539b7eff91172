"""Logistic or ridge regression on numbers and one-hot categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from automl.baselines import Baseline, Predict, n_rows
from automl.baselines._linear_model import MOST_FEATURES_SOLVED_AT_ONCE, fit_linear
from automl.signature import Signature
from automl.task import Array, Rows, Task

_MANY_FEATURES = 200


def _fit(train: Rows, signature: Signature, task: Task, _seed: int) -> Predict:
    numbers = _numbers(train.inputs, signature)
    deviation = numbers.std(axis=0)
    mean, deviation = numbers.mean(axis=0), np.where(deviation > 1e-6, deviation, 1.0)
    features = _features(train.inputs, signature, mean, deviation)
    # More penalty for many features, as of images, which overfit.
    strength = 1.0 if features.shape[1] <= _MANY_FEATURES else 0.1
    predict_from = fit_linear(features, train.target, task, strength)

    def predict(inputs: Mapping[str, Array]) -> Array:
        return predict_from(_features(inputs, signature, mean, deviation))

    return predict


def _numbers(inputs: Mapping[str, Array], signature: Signature) -> Array:
    """``(rows, n_numbers)`` float32: numeric columns, all pixels, or all steps and the length.

    To forecast, the last steps of the targets alone, as many as can be solved for at once.
    """
    n = n_rows(inputs)
    if "past" in signature.inputs:
        n_targets = signature.n_outputs // signature.details["horizon"]
        n_steps = max(1, MOST_FEATURES_SOLVED_AT_ONCE // n_targets)
        return inputs["past"][:, :n_targets, -n_steps:].reshape(n, -1)
    parts = [np.empty((n, 0), np.float32)]
    for name in signature.inputs:
        if name != "categorical":
            parts.append(inputs[name].reshape(n, -1).astype(np.float32, copy=False))
    return np.concatenate(parts, axis=1)


def _features(inputs: Mapping[str, Array], signature: Signature, mean: Array, deviation: Array) -> Any:
    """Standardised numbers beside one column for each category seen, sparse where these are many."""
    numbers = (_numbers(inputs, signature) - mean) / deviation
    if "categorical" not in signature.inputs:
        return numbers
    from scipy import sparse  # type: ignore[import-untyped]

    codes = inputs["categorical"]
    rows, blocks = np.arange(len(codes)), []
    for j, cardinality in enumerate(signature.inputs["categorical"].cardinalities):
        known = codes[:, j] > 0
        entry = (np.ones(known.sum(), numbers.dtype), (rows[known], codes[known, j] - 1))
        blocks.append(sparse.csr_matrix(entry, shape=(len(codes), cardinality - 1)))
    n_columns = sum(block.shape[1] for block in blocks)
    together = sparse.hstack([sparse.csr_matrix(numbers), *blocks], format="csr")
    return together.toarray() if n_columns <= _MANY_FEATURES else together


BASELINE = Baseline(
    "linear",
    ("classification", "multilabel", "regression", "forecasting"),
    ("table", "image", "series"),
    "logistic or ridge regression",
    _fit,
)
