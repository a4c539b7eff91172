"""The shares of the classes or labels in training, whatever the input."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automl.baselines import Baseline, Predict, n_rows
from automl.signature import Signature
from automl.task import KINDS, Array, Rows, Task


def _fit(train: Rows, _signature: Signature, task: Task, _seed: int) -> Predict:
    if task.kind == "multilabel":
        shares = train.target.mean(axis=0)
    else:
        shares = np.bincount(train.target, minlength=len(task.classes)) / len(train)

    def predict(inputs: Mapping[str, Array]) -> Array:
        return np.tile(shares, (n_rows(inputs), 1))

    return predict


BASELINE = Baseline(
    "most_frequent",
    ("classification", "multilabel"),
    tuple(KINDS),
    "the share of each class or label in the training rows",
    _fit,
)
