"""The mean of the training target, whatever the input."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automl.baselines import Baseline, Predict, n_rows
from automl.task import Array, Rows, Signature, Task


def _fit(train: Rows, _signature: Signature, _task: Task, _seed: int) -> Predict:
    mean = float(train.target.mean())

    def predict(inputs: Mapping[str, Array]) -> Array:
        return np.full(n_rows(inputs), mean)

    return predict


BASELINE = Baseline("mean", ("regression",), ("table", "image"), "the mean of the training rows", _fit)
