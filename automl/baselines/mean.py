"""The mean of each training target, whatever the input."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automl.baselines import Baseline, Predict, n_rows
from automl.signature import Signature
from automl.task import KINDS, Array, Rows, Task


def _fit(train: Rows, _signature: Signature, _task: Task, _seed: int) -> Predict:
    mean = np.asarray(train.target.mean(axis=0))  # () or (n_targets,)

    def predict(inputs: Mapping[str, Array]) -> Array:
        return np.full((n_rows(inputs), *mean.shape), mean)

    return predict


BASELINE = Baseline("mean", ("regression",), tuple(KINDS), "the mean of the training rows", _fit)
