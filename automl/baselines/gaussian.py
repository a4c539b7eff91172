"""A normal distribution with the mean and covariances of the numbers, and each category by its share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from automl.baselines import Baseline, Predict, n_rows
from automl.signature import Signature
from automl.task import Array, Rows, Task

_MOST_ROWS = 20_000  # enough for covariances


def _fit(train: Rows, signature: Signature, _task: Task, seed: int) -> Predict:
    random = np.random.default_rng(seed)
    name = next((name for name in ("numeric", "image") if name in train.inputs), None)
    codes = train.inputs.get("categorical", np.empty((len(train), 0), np.int64))
    mean, root = _moments(train.inputs[name], random) if name is not None else (np.empty(0), np.empty((0, 0)))

    def generate(inputs: Mapping[str, Array]) -> Any:
        n = n_rows(inputs)
        fields: dict[str, Array] = {}
        if name is not None:
            numbers = mean + random.normal(size=(n, root.shape[0])) @ root
            fields[name] = numbers.reshape(n, *signature.inputs[name].shape).astype(np.float32)
        if codes.shape[1]:
            # A code drawn from the rows themselves has the shares that it has there.
            columns = [random.choice(codes[:, j], n) for j in range(codes.shape[1])]
            fields["categorical"] = np.stack(columns, axis=1)
        return fields

    return generate


def _moments(values: Array, random: np.random.Generator) -> tuple[Array, Array]:
    """The mean, and what makes numbers of that covariance out of independent ones."""
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    flat = flat[random.permutation(len(flat))[:_MOST_ROWS]].astype(np.float64)
    mean = flat.mean(axis=0)
    variance, directions = np.linalg.eigh(np.cov(flat, rowvar=False).reshape(len(mean), -1))
    return mean, np.sqrt(np.maximum(variance, 0.0))[:, None] * directions.T


BASELINE = Baseline(
    "gaussian",
    ("generation",),
    ("table", "image"),
    "a normal distribution of the numbers, each category by its share",
    _fit,
)
