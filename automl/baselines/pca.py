"""Principal components: how badly they rebuild a row, or the row as they describe it.

Hotelling, "Analysis of a Complex of Statistical Variables into Principal Components", 1933; the error
as a score: Jackson & Mudholkar, "Control Procedures for Residuals ...", Technometrics, 1979.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automl.baselines import Baseline, Predict, n_rows
from automl.signature import Signature
from automl.task import Array, Rows, Task

_MOST_ROWS = 20_000  # enough for covariances
_MOST_CODES = 64  # of a column of categories; codes beyond share the last one
_SHARE_KEPT = 0.9  # of the variance, where badly rebuilt rows are looked for
_MOST_FEATURES = 64  # of a representation


def _fit(train: Rows, signature: Signature, task: Task, seed: int) -> Predict:
    chosen = np.random.default_rng(seed).permutation(len(train))[:_MOST_ROWS]
    units = _units(train.take(chosen).inputs, signature)
    mean = units.mean(axis=0)
    variance, directions = np.linalg.eigh(np.cov(units, rowvar=False).reshape(len(mean), -1))
    variance, directions = np.maximum(variance[::-1], 0.0), directions[:, ::-1]
    if task.kind == "representation":
        first = directions[:, :_MOST_FEATURES]
        return lambda inputs: np.asarray((_units(inputs, signature) - mean) @ first)
    explained = np.cumsum(variance) / max(float(variance.sum()), 1e-12)
    # At least one component is left over, or every row would be rebuilt without error.
    n_kept = min(int(np.searchsorted(explained, _SHARE_KEPT)) + 1, len(mean) - 1)
    rest = directions[:, n_kept:]
    return lambda inputs: np.asarray(np.square((_units(inputs, signature) - mean) @ rest).mean(axis=1))


def _units(inputs: Mapping[str, Array], signature: Signature) -> Array:
    """Numbers or pixels beside one-hot categories, ``(rows, n_units)`` float64."""
    n, parts = n_rows(inputs), []
    for name, field in signature.inputs.items():
        if name != "categorical":
            parts.append(inputs[name].reshape(n, -1))
            continue
        for column, cardinality in enumerate(field.cardinalities):
            codes = np.minimum(inputs[name][:, column], _MOST_CODES - 1)
            parts.append(np.eye(min(cardinality, _MOST_CODES))[codes])
    return np.concatenate(parts, axis=1, dtype=np.float64)


BASELINE = Baseline(
    "pca",
    ("anomaly", "representation"),
    ("table", "image"),
    "principal components: the error of rebuilding a row, or the row in them",
    _fit,
)
