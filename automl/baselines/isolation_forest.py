"""Rows that random splits set apart early are anomalies (Liu, Ting & Zhou, "Isolation Forest", ICDM 2008)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from automl.baselines import Baseline, Predict
from automl.signature import Signature
from automl.task import Array, Rows, Task

_TREES = 200


def _fit(train: Rows, signature: Signature, _task: Task, seed: int) -> Predict:
    from sklearn.ensemble import IsolationForest

    model: Any = IsolationForest(n_estimators=_TREES, random_state=seed).fit(
        _features(train.inputs, signature)
    )

    def predict(inputs: Mapping[str, Array]) -> Array:
        return np.asarray(-model.score_samples(_features(inputs, signature)), np.float64)

    return predict


def _features(inputs: Mapping[str, Array], signature: Signature) -> Array:
    """Numbers or pixels beside the codes of categories, which a split can part as well."""
    return np.concatenate([inputs[name].reshape(len(inputs[name]), -1) for name in signature.inputs], axis=1)


BASELINE = Baseline(
    "isolation_forest",
    ("anomaly",),
    ("table", "image"),
    "how early random splits set a row apart",
    _fit,
)
