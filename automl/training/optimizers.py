"""The optimisers, built from a configuration."""

from __future__ import annotations

from typing import Any

from torch import nn, optim

from automl.space import Configuration

# Kingma & Ba, "Adam", ICLR 2015, section 2; the authors' value, which nobody tunes first.
_BETA2 = 0.999


def optimizer_for(network: nn.Module, configuration: Configuration) -> optim.Optimizer:
    """The configured optimiser over all weights of `network` that can be trained.

    Weight decay is applied to matrices and kernels only: biases and the scales and shifts of
    normalisation layers (everything with at most one dimension) are left alone, as is usual since
    Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 5.3. It is decoupled from the
    gradient in ``adamw`` and added to it in the others.
    """
    trained = [weights for weights in network.parameters() if weights.requires_grad]
    groups = [
        {"params": [w for w in trained if w.ndim > 1], "weight_decay": configuration["weight_decay"]},
        {"params": [w for w in trained if w.ndim <= 1], "weight_decay": 0.0},
    ]
    return _build([group for group in groups if group["params"]], configuration)


def _build(groups: list[dict[str, Any]], configuration: Configuration) -> optim.Optimizer:
    rate = configuration["learning_rate"]
    settings = configuration["optimizer"]
    name = settings["name"]
    # One fused kernel a step where PyTorch has one: on a small network the step is mostly overhead.
    if name == "adamw":
        return optim.AdamW(groups, lr=rate, betas=(settings["beta1"], _BETA2), fused=True)
    if name == "adam":
        return optim.Adam(groups, lr=rate, betas=(settings["beta1"], _BETA2), fused=True)
    if name == "sgd":
        momentum = settings["momentum"]
        nesterov = settings["nesterov"] and momentum > 0  # without momentum it has no meaning
        return optim.SGD(groups, lr=rate, momentum=momentum, nesterov=nesterov, fused=True)
    assert name == "rmsprop", name
    return optim.RMSprop(groups, lr=rate, alpha=settings["smoothing"], foreach=True)
