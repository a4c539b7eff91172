"""What a network is trained to lower."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from automl.task import Task

Loss = Callable[[Tensor, Tensor], Tensor]


def loss_function(settings: Mapping[str, Any], task: Task, target: Tensor) -> Loss:
    """The loss as a function of outputs and target, *summed* over rows.

    A sum, so that the parts of a batch add up to the batch whatever their sizes. Outputs are
    ``(batch, n_outputs)``; the target is ``(batch,)``, class codes or standardised values.

    Args:
        target: of all training rows; ``balanced`` class weights are taken from it.
    """
    if task.kind == "classification":
        return _classification(settings, task, target)
    name = settings["name"]
    if name == "squared":
        return lambda outputs, wanted: functional.mse_loss(_values(outputs), wanted, reduction="sum")
    if name == "absolute":
        return lambda outputs, wanted: functional.l1_loss(_values(outputs), wanted, reduction="sum")
    assert name == "huber", name
    delta = float(settings["delta"])
    return lambda outputs, wanted: functional.huber_loss(
        _values(outputs), wanted, reduction="sum", delta=delta
    )


def _values(outputs: Tensor) -> Tensor:
    return outputs.float().squeeze(1)


def _classification(settings: Mapping[str, Any], task: Task, target: Tensor) -> Loss:
    if settings["name"] == "focal":
        gamma = float(settings["gamma"])
        return lambda outputs, wanted: _focal(outputs.float(), wanted, gamma)
    assert settings["name"] == "cross_entropy", settings["name"]
    smoothing = float(settings["label_smoothing"])
    weights = _balanced(target, len(task.classes)) if settings["class_weights"] == "balanced" else None
    return lambda outputs, wanted: functional.cross_entropy(
        outputs.float(), wanted, weight=weights, reduction="sum", label_smoothing=smoothing
    )


def _focal(logits: Tensor, wanted: Tensor, gamma: float) -> Tensor:
    """Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 4."""
    log_given = logits.log_softmax(1).gather(1, wanted.unsqueeze(1)).squeeze(1)
    # (1 - p) is kept off 0, where its power has no finite gradient for gamma < 1
    missing = (1.0 - log_given.exp()).clamp_min(1e-6)
    return -(missing**gamma * log_given).sum()


def _balanced(target: Tensor, n_classes: int) -> Tensor:
    """Weights inverse to class frequency, with mean 1 over the training rows (King & Zeng, 2001)."""
    counts = torch.bincount(target, minlength=n_classes).float()
    n_present = (counts > 0).sum()
    return torch.where(counts > 0, len(target) / (n_present * counts.clamp_min(1)), 0.0)
