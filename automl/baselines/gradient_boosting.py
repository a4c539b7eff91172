"""Gradient-boosted trees on histograms (Ke et al., NeurIPS 2017, as in scikit-learn)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from automl.baselines import Baseline, Predict, spread
from automl.signature import Signature
from automl.task import Array, Rows, Task

_MAX_CODES = 255  # of a categorical feature in scikit-learn; more are taken as numbers
_FEW_NUMBERS = 1_000_000
_FEWEST_FOR_STOPPING = 200  # with fewer rows, a part held back would tell little
_MOST_NUMBERS = 50_000_000  # in all models together: 60,000 images of 784 pixels in one
_FEWEST_ROWS = 1000
_MOST_TREES = 6000  # in all models together
_MOST_TREE_FEATURES = 300_000  # trees times features: each is searched for a split at every node
_FEWER_BINS = 63  # of each feature where there are several models of images


def _fit(train: Rows, signature: Signature, task: Task, seed: int) -> Predict:
    """One model for the classes, or one for each label, output or level, which share the time."""
    levels = task.scales["levels"] if task.kind == "quantile" else ()
    columns = train.target.shape[1] if train.target.ndim == 2 else 1
    n_models = len(levels) or columns
    features = _features(train.inputs, signature)
    n_rows = int(max(_FEWEST_ROWS, _MOST_NUMBERS // (max(1, features.shape[1]) * n_models)))
    target = train.target
    if n_rows < len(target):
        chosen = np.sort(np.random.default_rng(seed).permutation(len(target))[:n_rows])
        features, target = features[chosen], target[chosen]
    by_model = [target] * n_models if target.ndim == 1 else list(target.T)
    models = []
    for j, column in enumerate(by_model):
        if (column == column[0]).all() and task.kind != "quantile":
            models.append(column[0])
            continue
        settings = _settings(signature, task, column, features.shape[1], n_models, seed)
        models.append(_model(features, column, task, settings, levels[j] if levels else None))

    def predict(inputs: Mapping[str, Array]) -> Array:
        features = _features(inputs, signature)
        with _threads(features):
            if task.kind == "classification":
                return _probabilities(models[0], features, len(task.classes))
            found = [_values(model, features) for model in models]
        if train.target.ndim == 1 and not levels:
            return found[0]
        together = np.stack(found, axis=1)
        return np.sort(together, axis=1) if levels else together  # models of two levels may cross

    return predict


def _model(features: Array, target: Array, task: Task, settings: dict[str, Any], level: float | None) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    if level is not None:
        model = HistGradientBoostingRegressor(loss="quantile", quantile=level, **settings)
    elif task.kind == "regression":
        model = HistGradientBoostingRegressor(**settings)
    else:
        model = HistGradientBoostingClassifier(**settings)
    with _threads(features):
        return model.fit(features, target)


def _threads(features: Array) -> Any:
    """One for few numbers: threads that wait for each other on a busy machine cost more than they save."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(1 if features.size < _FEW_NUMBERS else None, user_api="openmp")


def _settings(
    signature: Signature, task: Task, target: Array, n_features: int, n_models: int, seed: int
) -> dict[str, Any]:
    stops = len(target) >= _FEWEST_FOR_STOPPING
    n_trees = n_models
    if task.kind in ("classification", "multilabel"):
        counts = np.unique(target, return_counts=True)[1]
        stops = stops and bool(counts.min() >= 10)
        n_trees *= len(counts) if len(counts) > 2 else 1
    most_trees = min(_MOST_TREES, _MOST_TREE_FEATURES // max(1, n_features))
    iterations = min(_iterations(signature, stops), max(10, most_trees // n_trees))
    return {
        "learning_rate": 0.05 if iterations >= 100 else 0.1,
        "max_iter": iterations,
        "max_bins": _FEWER_BINS if signature.kind == "image" and n_models > 1 else 255,
        "early_stopping": stops,
        "validation_fraction": 0.1,
        "n_iter_no_change": 20,
        "categorical_features": _categorical(signature),
        "random_state": seed,
    }


def _iterations(signature: Signature, stops: bool) -> int:
    """Few for images, whose many pixels and classes make each one dear."""
    if signature.kind == "image":
        return 60 if int(np.prod(signature.inputs["image"].shape)) <= 100 else 30
    return 500 if stops else 100


def _probabilities(model: Any, features: Array, n_classes: int) -> Array:
    if not hasattr(model, "predict_proba"):  # the one class that training had
        return np.tile(np.eye(n_classes)[int(model)], (len(features), 1))
    return spread(model.predict_proba(features), model.classes_, n_classes)


def _values(model: Any, features: Array) -> Array:
    """The probability of a label, or a number: ``(rows,)``."""
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(features)[:, 1], np.float64)
    if hasattr(model, "predict"):
        return np.asarray(model.predict(features), np.float64)
    return np.full(len(features), model, np.float64)


def _categorical(signature: Signature) -> list[int] | None:
    """The places of the categorical features, which stand behind the numbers."""
    if "categorical" not in signature.inputs:
        return None
    start = signature.inputs["numeric"].shape[0] if "numeric" in signature.inputs else 0
    cardinalities = signature.inputs["categorical"].cardinalities
    return [start + j for j, n_codes in enumerate(cardinalities) if n_codes <= _MAX_CODES]


def _features(inputs: Mapping[str, Array], signature: Signature) -> Array:
    order = [name for name in ("numeric", "categorical", "image") if name in signature.inputs]
    return np.concatenate([inputs[name].reshape(len(inputs[name]), -1) for name in order], axis=1)


BASELINE = Baseline(
    "gradient_boosting",
    ("classification", "multilabel", "regression", "quantile"),
    ("table", "image"),
    "boosted trees on histograms",
    _fit,
)
