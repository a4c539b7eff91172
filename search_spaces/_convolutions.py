"""Convolutions over signals ``(batch, width, steps)`` and images ``(batch, width, height, steps)``.

Where rows differ in length, ``valid``, ``(batch, 1, steps)`` or ``(batch, 1, 1, steps)`` bool, says which
steps count; all others are kept at zero, so that padding never comes into what is valid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from automl.space import Choice, Configuration, Float, Int, Space
from search_spaces._layers import activation, normalisation

CONVOLUTION: Mapping[int, type[nn.Conv1d] | type[nn.Conv2d]] = {1: nn.Conv1d, 2: nn.Conv2d}
# Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018, divide by 16 networks many times as wide.
_SQUEEZED, _SQUEEZED_LEAST = 4, 8


def block_space() -> Mapping[str, Any]:
    """The part of a family's space that a `Block` reads, but for its activation and normalisation."""
    stochastic_depth = Float(0.0, 0.3, prior=0.0, limits=(0.0, 0.95))
    branches: dict[str, Space] = {
        # LeCun et al., "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 1998
        "plain": {},
        # He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, figure 2
        "residual": {"stochastic_depth": stochastic_depth},
        # Sandler et al., "MobileNetV2", CVPR 2018, section 3.3
        "inverted_bottleneck": {
            "expansion": Int(2, 6, prior=4, limits=(1, 64)),
            "stochastic_depth": stochastic_depth,
        },
    }
    return {
        "block": Choice(branches, prior="residual"),
        "squeeze_excitation": Choice((False, True), prior=False),
    }


class Block(nn.Module):
    """One block of a stage: a branch of convolutions, and what it came from beside it.

    - plain: ``activation(branch(x))``
    - residual: ``activation(shortcut(x) + branch(x))``
    - inverted_bottleneck: ``x + branch(x)``, or the branch alone where the width changes

    A residual branch is left out for a row in training with the probability ``drop`` (Huang et al., "Deep
    Networks with Stochastic Depth", ECCV 2016).

    Args:
        configuration: a filled `block_space`, with ``kernel``, ``activation`` and ``normalisation``.
    """

    def __init__(self, configuration: Configuration, n_in: int, n_out: int, dims: int, drop: float) -> None:
        super().__init__()
        name = configuration["block"]["name"]
        self.drop = drop
        self.branch = _branch(configuration, n_in, n_out, dims)
        self.excitation = SqueezeExcitation(n_out) if configuration["squeeze_excitation"] else None
        self.shortcut: nn.Module | None = None
        if n_in == n_out and name != "plain":
            self.shortcut = nn.Identity()
        elif name == "residual":
            self.shortcut = CONVOLUTION[dims](n_in, n_out, 1, bias=False)
        is_linear = name == "inverted_bottleneck"
        self.activation = nn.Identity() if is_linear else activation(configuration["activation"])

    def forward(self, signal: Tensor, valid: Tensor | None) -> Tensor:
        branch = self.branch(signal)
        if self.excitation is not None:
            branch = self.excitation(branch, valid)
        if self.shortcut is not None:
            branch = self.shortcut(signal) + without_some(branch, self.drop, self.training)
        return masked(self.activation(branch), valid)


def _branch(configuration: Configuration, n_in: int, n_out: int, dims: int) -> nn.Sequential:
    block = configuration["block"]
    if block["name"] == "plain":
        return nn.Sequential(*convolution(configuration, n_in, n_out, dims))
    act = configuration["activation"]
    if block["name"] == "residual":
        return nn.Sequential(
            *convolution(configuration, n_in, n_out, dims),
            activation(act),
            *convolution(configuration, n_out, n_out, dims),
        )
    wide = n_in * block["expansion"]
    return nn.Sequential(
        *convolution(configuration, n_in, wide, dims, kernel=1),
        activation(act),
        *convolution(configuration, wide, wide, dims, groups=wide),
        activation(act),
        *convolution(configuration, wide, n_out, dims, kernel=1),
    )


def convolution(
    configuration: Configuration,
    n_in: int,
    n_out: int,
    dims: int,
    kernel: int | None = None,
    groups: int = 1,
) -> tuple[nn.Module, nn.Module]:
    """A convolution that keeps the size, and a normalisation."""
    kind = configuration["normalisation"]
    return (
        CONVOLUTION[dims](
            n_in,
            n_out,
            kernel or configuration["kernel"],
            padding="same",
            groups=groups,
            bias=kind == "none",
        ),
        normalisation(kind, n_out, dims=dims),
    )


class SqueezeExcitation(nn.Module):
    """Every feature times a gate that depends on the means of all: Hu et al. 2018, equations 2 to 4."""

    def __init__(self, width: int) -> None:
        super().__init__()
        squeezed = max(_SQUEEZED_LEAST, width // _SQUEEZED)
        self.gate = nn.Sequential(
            nn.Linear(width, squeezed), nn.ReLU(), nn.Linear(squeezed, width), nn.Sigmoid()
        )

    def forward(self, signal: Tensor, valid: Tensor | None) -> Tensor:
        gates: Tensor = self.gate(pooled("mean", masked(signal, valid), valid))
        return signal * gates.view(*gates.shape, *(1,) * (signal.ndim - 2))


def pooled(name: str, signal: Tensor, valid: Tensor | None) -> Tensor:
    """Every feature's ``mean`` or ``max`` over what counts, or ``both`` side by side: ``(batch, n)``.

    Args:
        signal: zero where it does not count; every row counts somewhere.
    """
    if name == "both":
        return torch.cat([pooled("mean", signal, valid), pooled("max", signal, valid)], dim=1)
    axes = tuple(range(2, signal.ndim))
    if valid is None:
        return signal.mean(dim=axes) if name == "mean" else signal.amax(dim=axes)
    if name == "max":
        return signal.masked_fill(~valid, -math.inf).amax(dim=axes)
    n_valid = valid.sum(dim=-1).flatten(1) * math.prod(signal.shape[2:-1])  # (batch, 1)
    return signal.sum(dim=axes) / n_valid


def masked(signal: Tensor, valid: Tensor | None) -> Tensor:
    """The signal with zeros where it does not count."""
    return signal if valid is None else signal * valid


def without_some(branch: Tensor, drop: float, training: bool) -> Tensor:
    """In training, zeros for a share `drop` of the rows, and the others enlarged to make up for it."""
    if not training or drop == 0:
        return branch
    kept = torch.rand(len(branch), *(1,) * (branch.ndim - 1), device=branch.device) >= drop
    return branch * kept / (1 - drop)
