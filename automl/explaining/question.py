"""Which number of what a network gives is explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from automl.errors import RequestError
from automl.task import NUMERIC, Array, TargetScale, Task


@dataclass(frozen=True)
class Question:
    """A weighted sum of the outputs of one row; of k predictions, of their mean.

    Args:
        weights: ``(n_outputs,)``.
        what: the number in words.
    """

    weights: Tensor
    constant: float
    what: str

    def __call__(self, outputs: Tensor) -> Tensor:
        """``(batch, n_outputs)`` or ``(batch, k, n_outputs)`` to ``(batch,)``."""
        averaged = outputs.mean(dim=1) if outputs.ndim == 3 else outputs
        return averaged.float() @ self.weights + self.constant


def question(task: Task, scale: TargetScale, prediction: Array) -> Question:
    """What is asked of a row that was predicted as `prediction`, ``(n_outputs,)``."""
    n = len(prediction)
    if task.kind in ("classification", "multilabel"):
        which = int(prediction.argmax())
        of = "the predicted class" if task.kind == "classification" else "the likeliest label"
        return Question(torch.eye(n)[which], 0.0, f"the logit of {of}")
    if task.kind == "anomaly":
        return Question(torch.ones(1), 0.0, "the score of anomaly")
    assert task.kind in NUMERIC, task.kind
    means, deviations = (np.broadcast_to(part, n) for part in (scale.mean, scale.deviation))
    if task.kind == "quantile":
        middle = n // 2
        chosen, what = np.eye(n)[middle], f"the quantile {task.scales['levels'][middle]:g}"
    elif len(task.columns) > 1:  # of different units
        weights = torch.full((n,), 1 / n)
        return Question(weights, 0.0, "the mean of the predictions, in deviations of each target")
    else:
        chosen, what = np.full(n, 1 / n), "the predicted number" if n == 1 else "the mean of the forecast"
    weights = torch.tensor(chosen * deviations, dtype=torch.float32)
    return Question(weights, float(chosen @ means), f"{what}, in its own units")


def check_predicts(task: Task) -> None:
    """Raises RequestError where a network says nothing of a row that could be right or wrong."""
    does = {"generation": "make up rows", "representation": "give an embedding of a row"}.get(task.kind)
    if does is not None:
        raise RequestError(
            f"The networks of this search {does} and predict nothing, so that there is no prediction to explain."
        )
