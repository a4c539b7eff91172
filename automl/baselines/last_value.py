"""The last value of each target, for every step ahead: the naive forecast."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automl.baselines import Baseline, Predict
from automl.signature import Signature
from automl.task import Array, Rows, Task


def _fit(_train: Rows, _signature: Signature, task: Task, _seed: int) -> Predict:
    mean, deviation = (np.asarray(task.scales[name], np.float64) for name in ("mean", "deviation"))
    n_targets = task.n_outputs // task.horizon

    def predict(inputs: Mapping[str, Array]) -> Array:
        last = inputs["past"][:, :n_targets, -1].astype(np.float64)
        return np.asarray(np.repeat(last, task.horizon, axis=1) * deviation + mean)

    return predict


BASELINE = Baseline("last_value", ("forecasting",), ("series",), "the last value, for every step ahead", _fit)
