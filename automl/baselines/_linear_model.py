"""Logistic or ridge regression on features of any sort, in a time that does not grow without end."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from automl.baselines import spread
from automl.task import Array, Task

PredictFrom = Callable[[Any], Array]

_MOST_ITERATIONS, _FEWEST_ITERATIONS = 300, 20
_MOST_WORK = 3e10  # numbers that are gone through in all iterations: about a minute on two cores
_MOST_ROWS_CHOSEN_BY_FOLDS = 20_000  # beyond it, strength 1 is near the best and folds cost minutes
_MOST_FEATURES_CHOSEN_BY_FOLDS = 1000
_MOST_PRODUCTS_CHOSEN_BY_FOLDS = 3e8  # rows times features times outputs
MOST_FEATURES_SOLVED_AT_ONCE = 3000


def fit_linear(features: Any, target: Array, task: Task, strength: float) -> PredictFrom:
    """A linear model of `features` ``(rows, n_features)``, dense or sparse, for a target of any form.

    Classes get multinomial logistic regression, labels one logistic regression each, numbers ridge
    regression on standardised targets.

    Args:
        strength: the inverse of logistic regression's penalty (``C`` of scikit-learn).

    Returns:
        A function from features to predictions in the form of the target.
    """
    if task.kind == "classification":
        return _fit_classes(features, target, len(task.classes), strength)
    if task.kind == "multilabel":
        return _fit_labels(features, target, strength)
    return _fit_numbers(features, target)


def _fit_classes(features: Any, target: Array, n_classes: int, strength: float) -> PredictFrom:
    if (target == target[0]).all():
        certain = np.eye(n_classes)[target[0]]
        return lambda features: np.tile(certain, (features.shape[0], 1))
    model = _logistic(features, target, strength, _MOST_WORK)
    return lambda features: spread(model.predict_proba(features), model.classes_, n_classes)


def _fit_labels(features: Any, target: Array, strength: float) -> PredictFrom:
    share = target.mean(axis=0)
    work = _MOST_WORK / target.shape[1]
    models = {
        j: _logistic(features, target[:, j], strength, work)
        for j in range(target.shape[1])
        if 0 < share[j] < 1
    }

    def predict(features: Any) -> Array:
        chances = np.tile(share.astype(np.float64), (features.shape[0], 1))
        for j, model in models.items():
            chances[:, j] = model.predict_proba(features)[:, 1]
        return chances

    return predict


def _logistic(features: Any, target: Array, strength: float, work: float) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    iterations = int(np.clip(work / _n_numbers(features), _FEWEST_ITERATIONS, _MOST_ITERATIONS))
    model = LogisticRegression(C=strength, max_iter=iterations, tol=1e-3)
    with warnings.catch_warnings():
        # On large inputs it is near enough after these iterations; more would be spent on the last digit.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(features, target)


def _fit_numbers(features: Any, target: Array) -> PredictFrom:
    centre = target.mean(axis=0)
    deviation = target.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    n_outputs = 1 if target.ndim == 1 else target.shape[1]
    model = _ridge(features, n_outputs).fit(features, (target - centre) / scale)

    def predict(features: Any) -> Array:
        values = np.asarray(model.predict(features), np.float64).reshape(-1, *target.shape[1:])
        return np.asarray(values * scale + centre)

    return predict


def _ridge(features: Any, n_outputs: int) -> Any:
    from sklearn.linear_model import Ridge, RidgeCV

    n_rows, n_features = features.shape
    if (
        n_rows <= _MOST_ROWS_CHOSEN_BY_FOLDS
        and n_features <= _MOST_FEATURES_CHOSEN_BY_FOLDS
        and n_rows * n_features * n_outputs <= _MOST_PRODUCTS_CHOSEN_BY_FOLDS
    ):
        return RidgeCV(alphas=np.logspace(-3, 4, 15))
    dense = isinstance(features, np.ndarray)
    at_once = dense and n_outputs > 1 and n_features <= MOST_FEATURES_SOLVED_AT_ONCE
    return Ridge(alpha=1.0, solver="cholesky" if at_once else "lsqr")


def _n_numbers(features: Any) -> int:
    """Of a dense array all, of a sparse one those that are not zero."""
    return max(1, features.size if isinstance(features, np.ndarray) else features.nnz)
