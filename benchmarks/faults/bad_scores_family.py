"""A user's own family with a loop of its own that yields scores which are none: which, and when, are parameters."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from automl.family import Epoch, Family, TrainingRun
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int

BAD: dict[str, Callable[[Any], Any]] = {
    "nan": lambda _metric: math.nan,
    "inf": lambda _metric: math.inf,
    "minus_inf": lambda _metric: -math.inf,
    "text": lambda _metric: "low",
    "none": lambda _metric: None,
    "metric_raises": lambda metric: metric.compute(np.zeros(3), np.zeros((2, 2))),
}
HOW = ("well", *BAD, "missing", "loss_is_nan", "loss_raises")


class Net(torch.nn.Linear):
    def forward(self, numeric: torch.Tensor, categorical: object = None) -> torch.Tensor:
        del categorical
        return super().forward(numeric)


def build(configuration: Configuration, signature: Signature) -> torch.nn.Module:
    del configuration
    return Net(signature.inputs["numeric"].shape[0], signature.n_outputs)


def train(run: TrainingRun) -> Iterator[Epoch]:
    how, at = run.configuration["how"], run.configuration["at"]
    for number in range(1, run.epochs + 1):
        time.sleep(0.02)
        score, loss = (run.configuration["x"] - 0.3) ** 2 + 1.0 / number, 0.5
        scores = {metric.name: score for metric in run.metrics}
        if number == at and how == "missing":
            scores = {}
        elif number == at and how == "loss_is_nan":
            loss = math.nan
        elif number == at and how == "loss_raises":
            raise RuntimeError("the loss could not be computed")
        elif number == at and how != "well":
            scores = {metric.name: BAD[how](metric) for metric in run.metrics}
        yield Epoch(number, loss, scores)


FAMILY = Family(
    name="bad_scores",
    kinds=("table",),
    source="a test",
    build=build,
    train=train,
    space={"x": Float(0.0, 1.0), "how": Choice(HOW), "at": Int(1, 9)},
)
