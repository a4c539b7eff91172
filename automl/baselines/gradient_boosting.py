"""Gradient-boosted trees on histograms (Ke et al., NeurIPS 2017, as in scikit-learn)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from automl.baselines import Baseline, Predict, spread
from automl.task import Array, Rows, Signature, Task

_MAX_CODES = 255  # of a categorical feature in scikit-learn; more are taken as numbers
_FEW_NUMBERS = 1_000_000
_FEWEST_FOR_STOPPING = 200  # with fewer rows, a part held back would tell little


def _fit(train: Rows, signature: Signature, task: Task, seed: int) -> Predict:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    stops = len(train) >= _FEWEST_FOR_STOPPING
    if task.kind == "classification":
        stops = stops and bool(np.bincount(train.target)[np.unique(train.target)].min() >= 10)
    settings: dict[str, Any] = {
        "learning_rate": 0.1 if signature.kind == "image" else 0.05,
        "max_iter": _iterations(signature, stops),
        "early_stopping": stops,
        "validation_fraction": 0.1,
        "n_iter_no_change": 20,
        "categorical_features": _categorical(signature),
        "random_state": seed,
    }
    kind = HistGradientBoostingClassifier if task.kind == "classification" else HistGradientBoostingRegressor
    features = _features(train.inputs)
    # On few numbers, threads that wait for each other on a busy machine cost several times what they save.
    with threadpool_limits(1 if features.size < _FEW_NUMBERS else None, user_api="openmp"):
        model = kind(**settings).fit(features, train.target)

    def predict(inputs: Mapping[str, Array]) -> Array:
        features = _features(inputs)
        if task.kind == "regression":
            return np.asarray(model.predict(features), np.float64)
        return spread(model.predict_proba(features), model.classes_, len(task.classes))

    return predict


def _iterations(signature: Signature, stops: bool) -> int:
    """Few for images, whose many pixels and classes make each one dear."""
    if signature.kind == "image":
        return 60 if int(np.prod(signature.inputs["image"].shape)) <= 100 else 30
    return 500 if stops else 100


def _categorical(signature: Signature) -> list[int] | None:
    """The places of the categorical features, which stand behind the numbers."""
    if "categorical" not in signature.inputs:
        return None
    start = signature.inputs["numeric"].shape[0] if "numeric" in signature.inputs else 0
    cardinalities = signature.inputs["categorical"].cardinalities
    return [start + j for j, n_codes in enumerate(cardinalities) if n_codes <= _MAX_CODES]


def _features(inputs: Mapping[str, Array]) -> Array:
    order = [name for name in ("numeric", "categorical", "image") if name in inputs]
    return np.concatenate([inputs[name].reshape(len(inputs[name]), -1) for name in order], axis=1)


BASELINE = Baseline(
    "gradient_boosting",
    ("classification", "regression"),
    ("table", "image"),
    "boosted trees on histograms",
    _fit,
)
