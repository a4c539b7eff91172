"""What a network is trained to lower."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from automl.task import Task

Loss = Callable[[Tensor, Tensor], Tensor]


def loss_function(settings: Mapping[str, Any], task: Task, target: Tensor) -> Loss:
    """The loss as a function of outputs and target, *summed* over rows.

    A sum, so that the parts of a batch add up to the batch whatever their sizes. Outputs are
    ``(batch, n_outputs)``, or ``(batch, k, n_outputs)`` for k predictions, whose losses are averaged.
    The target is ``(batch,)`` class codes, or ``(batch, n)``: labels, or standardised values, of which
    a row's loss is the mean.

    Args:
        target: of all training rows; ``balanced`` weights are taken from it.
    """
    if task.kind == "classification":
        loss = _of_classes(settings, task, target)
    elif task.kind == "multilabel":
        loss = _of_labels(settings, target)
    elif task.kind == "quantile":
        loss = _pinball(task.scales["levels"])
    else:
        loss = _of_numbers(settings)
    return lambda outputs, wanted: _over_predictions(loss, outputs.float(), wanted)


def _over_predictions(loss: Loss, outputs: Tensor, wanted: Tensor) -> Tensor:
    """The mean loss of k predictions a row: each is a row of its own, and the sum is divided by k."""
    if outputs.ndim == 2:
        return loss(outputs, wanted)
    k = outputs.shape[1]
    return loss(outputs.flatten(0, 1), wanted.repeat_interleave(k, dim=0)) / k


def _of_numbers(settings: Mapping[str, Any]) -> Loss:
    name = settings["name"]
    if name == "huber":
        delta = float(settings["delta"])
        return lambda outputs, wanted: (
            functional.huber_loss(outputs, _as_rows(wanted), reduction="sum", delta=delta) / outputs.shape[1]
        )
    function = {"squared": functional.mse_loss, "absolute": functional.l1_loss}[name]
    return lambda outputs, wanted: function(outputs, _as_rows(wanted), reduction="sum") / outputs.shape[1]


def _as_rows(wanted: Tensor) -> Tensor:
    return wanted.unsqueeze(1) if wanted.ndim == 1 else wanted


def _pinball(levels: Sequence[float]) -> Loss:
    """Koenker & Bassett, "Regression Quantiles", Econometrica 1978: each output is one level's quantile."""

    def loss(outputs: Tensor, wanted: Tensor) -> Tensor:
        at = torch.tensor(levels, device=outputs.device)
        error = _as_rows(wanted) - outputs  # (batch, n_levels)
        return torch.maximum(at * error, (at - 1) * error).mean(dim=1).sum()

    return loss


def _of_classes(settings: Mapping[str, Any], task: Task, target: Tensor) -> Loss:
    if settings["name"] == "focal":
        gamma = float(settings["gamma"])
        return lambda outputs, wanted: _focal(outputs, wanted, gamma)
    assert settings["name"] == "cross_entropy", settings["name"]
    smoothing = float(settings["label_smoothing"])
    weights = _balanced(target, len(task.classes)) if settings["class_weights"] == "balanced" else None
    return lambda outputs, wanted: functional.cross_entropy(
        outputs, wanted, weight=weights, reduction="sum", label_smoothing=smoothing
    )


def _of_labels(settings: Mapping[str, Any], target: Tensor) -> Loss:
    """Over labels that do not exclude one another, each its own yes or no; their mean is a row's loss."""
    if settings["name"] == "focal":
        gamma = float(settings["gamma"])

        def focal(outputs: Tensor, wanted: Tensor) -> Tensor:
            log_given = functional.logsigmoid(torch.where(wanted > 0, outputs, -outputs))
            return -((1.0 - log_given.exp()).clamp_min(1e-6) ** gamma * log_given).mean(dim=1).sum()

        return focal
    weights = None
    if settings["positive_weights"] == "balanced":
        n_positive = target.sum(dim=0)
        weights = (len(target) - n_positive).float() / n_positive.clamp_min(1)
    return lambda outputs, wanted: (
        functional.binary_cross_entropy_with_logits(
            outputs, wanted.float(), pos_weight=weights, reduction="none"
        )
        .mean(dim=1)
        .sum()
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
