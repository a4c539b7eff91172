"""A family whose trials do nothing, for measuring what stands around a trial."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import torch

from automl.family import Epoch, Family, TrainingRun
from automl.signature import Signature
from automl.space import Configuration, Float

SECONDS_PER_EPOCH = float(os.environ.get("AUTOML_NOOP_SECONDS", "0"))


def build(configuration: Configuration, signature: Signature) -> torch.nn.Module:
    """The smallest network that fits: one linear layer on the numbers."""
    del configuration
    return _Linear(signature.inputs["numeric"].shape[0], signature.n_outputs)


class _Linear(torch.nn.Linear):
    def forward(self, numeric: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return super().forward(numeric)


def train(run: TrainingRun) -> Iterator[Epoch]:
    """Yields scores that are a smooth function of the parameters, and trains nothing."""
    distance = sum((run.configuration[f"x{i}"] - 0.3) ** 2 for i in range(5))
    for number in range(1, run.epochs + 1):
        if SECONDS_PER_EPOCH:
            time.sleep(SECONDS_PER_EPOCH)
        yield Epoch(number, 0.0, {metric.name: distance + 1.0 / number for metric in run.metrics})


FAMILY = Family(
    name="does_nothing",
    kinds=("table",),
    space={f"x{i}": Float(0.0, 1.0) for i in range(5)},
    build=build,
    source="a measuring device of this project",
    train=train,
)
