"""The stages of a convolutional network: poolings with convolutions after or before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from automl.space import Configuration
from search_spaces._convolutions import CONVOLUTION, Block, convolution, masked
from search_spaces._layers import activation

_POOLING: Mapping[tuple[str, int], Any] = {
    ("max", 1): nn.MaxPool1d,
    ("max", 2): nn.MaxPool2d,
    ("average", 1): nn.AvgPool1d,
    ("average", 2): nn.AvgPool2d,
}


class Stem(nn.Module):
    """A convolution, then a pooling; what follows is cheaper on the smaller map, and the same after a
    maximum as before it, while normalisation keeps the order of values."""

    def __init__(self, configuration: Configuration, n_in: int, n_out: int, factors: tuple[int, ...]) -> None:
        super().__init__()
        self.factor = factors[-1]
        layer, norm = convolution(configuration, n_in, n_out, len(factors))
        pools = max(factors) > 1
        pooling = downsampling(configuration["pooling"], n_out, factors) if pools else nn.Identity()
        self.layers = nn.Sequential(layer, pooling, norm, activation(configuration["activation"]))

    def forward(self, signal: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
        signal = self.layers(signal)
        valid = downsampled(valid, self.factor, signal.shape[-1])
        return masked(signal, valid), valid


class Stage(nn.Module):
    """A pooling, unless no side can be halved, then ``blocks`` blocks."""

    def __init__(
        self, configuration: Configuration, n_in: int, n_out: int, factors: tuple[int, ...], stage: int
    ) -> None:
        super().__init__()
        self.factor = factors[-1]
        pools = max(factors) > 1
        self.pooling = downsampling(configuration["pooling"], n_in, factors) if pools else nn.Identity()
        n_blocks, dims = configuration["blocks"], len(factors)
        # A branch is left out the more often, the deeper it lies: Huang et al. 2016, equation 4.
        step = configuration["block"].get("stochastic_depth", 0.0) / (n_blocks * configuration["stages"])
        self.blocks = nn.ModuleList(
            Block(configuration, n_out if place else n_in, n_out, dims, step * (stage * n_blocks + place + 1))
            for place in range(n_blocks)
        )

    def forward(self, signal: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor | None]:
        signal = self.pooling(signal)
        valid = downsampled(valid, self.factor, signal.shape[-1])
        signal = masked(signal, valid)
        for block in self.blocks:
            signal = block(signal, valid)
        return signal, valid


def downsampling(name: str, width: int, factors: tuple[int, ...]) -> nn.Module:
    """A pooling (``max``, ``average``), or a convolution with a ``stride``, by 1 or 2 along each axis."""
    dims = len(factors)
    if name == "stride":
        return CONVOLUTION[dims](width, width, factors, stride=factors)
    return _POOLING[name, dims](factors)  # type: ignore[no-any-return]


def downsampled(valid: Tensor | None, factor: int, n_steps: int) -> Tensor | None:
    """Which of `n_steps` count after a `downsampling` by `factor`: those that begin in what counted."""
    return valid if valid is None else valid[..., ::factor][..., :n_steps]
