"""Logistic or ridge regression on numbers and one-hot categories."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from automl.baselines import Baseline, Predict, n_rows, spread
from automl.task import Array, Rows, Signature, Task

_MAX_ROWS_CHOSEN_BY_FOLDS = 20_000  # beyond it, strength 1 is near the best and folds cost minutes
_MAX_ITERATIONS = 300


def _fit(train: Rows, signature: Signature, task: Task, _seed: int) -> Predict:
    mean, deviation = _statistics(train)
    features = _features(train.inputs, signature, mean, deviation)
    if task.kind == "regression":
        return _ridge(features, train.target, signature, mean, deviation)
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=_strength(features), max_iter=_MAX_ITERATIONS, tol=1e-3)
    with warnings.catch_warnings():
        # On large images it is near enough after these iterations; more would be spent on the last digit.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, train.target)

    def predict(inputs: Mapping[str, Array]) -> Array:
        probabilities = model.predict_proba(_features(inputs, signature, mean, deviation))
        return spread(probabilities, model.classes_, len(task.classes))

    return predict


def _ridge(features: Any, target: Array, signature: Signature, mean: Array, deviation: Array) -> Predict:
    from sklearn.linear_model import Ridge, RidgeCV

    few = len(target) <= _MAX_ROWS_CHOSEN_BY_FOLDS and features.shape[1] <= 1000
    strengths = np.logspace(-3, 4, 15)
    model = RidgeCV(alphas=strengths) if few else Ridge(alpha=1.0, solver="lsqr")
    centre, scale = float(target.mean()), float(target.std()) or 1.0
    model.fit(features, (target - centre) / scale)

    def predict(inputs: Mapping[str, Array]) -> Array:
        values = model.predict(_features(inputs, signature, mean, deviation))
        return np.asarray(values, np.float64) * scale + centre

    return predict


def _strength(features: Any) -> float:
    """The inverse of the penalty: less of it for many features, as of images, which overfit."""
    return 1.0 if features.shape[1] <= 200 else 0.1


def _statistics(train: Rows) -> tuple[Array, Array]:
    numbers = _numbers(train.inputs)
    deviation = numbers.std(axis=0)
    return numbers.mean(axis=0), np.where(deviation > 1e-6, deviation, 1.0)


def _numbers(inputs: Mapping[str, Array]) -> Array:
    """``(rows, n_numbers)``: numeric columns, or all pixels."""
    parts = [values.reshape(len(values), -1) for name, values in inputs.items() if name != "categorical"]
    return np.concatenate(parts, axis=1) if parts else np.empty((n_rows(inputs), 0), np.float32)


def _features(inputs: Mapping[str, Array], signature: Signature, mean: Array, deviation: Array) -> Any:
    """Standardised numbers beside one column for each category seen, sparse where these are many."""
    numbers = (_numbers(inputs) - mean) / deviation
    if "categorical" not in inputs:
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
    return together.toarray() if n_columns <= 200 else together


BASELINE = Baseline(
    "linear", ("classification", "regression"), ("table", "image"), "logistic or ridge regression", _fit
)
