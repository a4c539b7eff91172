"""How the numeric columns of a table become vectors, one of them a column."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from automl.space import Choice, Float, Int, Space

# The outer edges of the bins, in deviations. The outer bins go on beyond, so this is their scale alone.
_OUTERMOST = 4.0


def embedding_space(prior: str, width: Int | None = None) -> Choice:
    """How numeric columns enter a network: as they are, or through embeddings.

    Args:
        width: of an embedding, as ``d_embedding``; without it the network knows a width itself.
    """
    wide: Space = {} if width is None else {"d_embedding": width}
    return Choice(
        {
            "none": {},
            # sigma, n_frequencies: the tuning space of Gorishniy et al., "TabM", ICLR 2025, appendix D
            "periodic": {
                "sigma": Float(0.01, 10.0, log=True, prior=0.1, limits=(1e-6, 1e4)),
                "n_frequencies": Int(8, 96, log=True, prior=32, limits=(1, 1024)),
                "linear": Choice(("shared", "per_column"), prior="shared"),
                **wide,
            },
            "piecewise_linear": {
                "n_bins": Int(4, 128, log=True, prior=64, limits=(2, 1024)),
                "evenness": Float(0.0, 1.0, prior=0.5, limits=(0.0, 1.0)),
                "rectified": Choice((False, True), prior=True),
                **wide,
            },
        },
        prior=prior,
    )


def numeric_embedding(embedding: Mapping[str, Any], n_features: int, width: int) -> nn.Module:
    """The module of a filled `embedding_space`, ``(batch, n_features)`` to ``(batch, n_features, width)``."""
    if embedding["name"] == "none":
        return LinearEmbedding(n_features, width)
    if embedding["name"] == "periodic":
        shared = embedding["linear"] == "shared"
        return PeriodicEmbedding(n_features, width, embedding["sigma"], embedding["n_frequencies"], shared)
    assert embedding["name"] == "piecewise_linear", embedding
    return PiecewiseLinearEmbedding(
        n_features, width, embedding["n_bins"], embedding["evenness"], embedding["rectified"]
    )


class LinearEmbedding(nn.Module):
    """Each number ``x`` as ``x w + b``, with vectors of its column.

    Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data", NeurIPS 2021, section 3.3.
    """

    def __init__(self, n_features: int, width: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(width)
        self.weight = nn.Parameter(torch.empty(n_features, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_features, width).uniform_(-bound, bound))

    def forward(self, numbers: Tensor) -> Tensor:
        return torch.addcmul(self.bias, numbers.unsqueeze(-1), self.weight)


class PeriodicEmbedding(nn.Module):
    """Each number ``x`` as ``ReLU(Linear([cos(2 pi c x), sin(2 pi c x)]))``, with trained ``c``.

    Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning", NeurIPS 2022,
    equation 2 ("PLR").

    Args:
        sigma: the deviation of the frequencies ``c`` at first.
        shared: whether one linear layer serves all columns ("PLR-lite").
    """

    def __init__(self, n_features: int, width: int, sigma: float, n_frequencies: int, shared: bool) -> None:
        super().__init__()
        self.frequencies = nn.Parameter(torch.empty(n_features, n_frequencies))
        # Cut at three deviations, so that no column gets a frequency that is noise to the rest.
        nn.init.trunc_normal_(self.frequencies, std=sigma, a=-3 * sigma, b=3 * sigma)
        n_waves = 2 * n_frequencies
        self.linear = nn.Linear(n_waves, width) if shared else ParallelLinear(n_features, n_waves, width)

    def forward(self, numbers: Tensor) -> Tensor:
        angles = 2 * math.pi * self.frequencies * numbers.unsqueeze(-1)  # (batch, n_features, n_frequencies)
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1)
        return torch.relu(self.linear(waves))


class PiecewiseLinearEmbedding(nn.Module):
    """Each number as a linear function of itself and of how far it fills each of a row of bins.

    The filling is equation 1 of Gorishniy et al., "On Embeddings for Numerical Features ...", NeurIPS
    2022. The layer after it begins as that of the number alone, with zeros for the bins, as in the code
    of Gorishniy et al., "TabM", ICLR 2025.

    The edges are fixed, since preprocessing has brought the columns to one scale: the quantiles of a
    column of many different values are those of the standard normal distribution, to which it is mapped.
    Other columns are standardised, so that most of their values lie between the edges too. Equal steps
    tell values apart better in the tails, where a column has its rare values when most rows share one.

    Args:
        evenness: 0 for edges at normal quantiles, as in the paper; 1 for edges at equal steps; or between.
        rectified: whether a ReLU follows.
    """

    def __init__(self, n_features: int, width: int, n_bins: int, evenness: float, rectified: bool) -> None:
        super().__init__()
        edges = _edges(n_bins, evenness)
        widths = edges.diff()
        least, most = torch.zeros(n_bins), torch.ones(n_bins)
        least[0], most[-1] = -math.inf, math.inf
        self.slope: Tensor
        self.shift: Tensor
        self.least: Tensor
        self.most: Tensor
        self.register_buffer("slope", (1 / widths).float(), persistent=False)
        self.register_buffer("shift", (-edges[:-1] / widths).float(), persistent=False)
        self.register_buffer("least", least, persistent=False)
        self.register_buffer("most", most, persistent=False)
        self.linear = LinearEmbedding(n_features, width)
        self.bins = ParallelLinear(n_features, n_bins, width, bias=False)
        nn.init.zeros_(self.bins.weight)
        self.activation = nn.ReLU() if rectified else nn.Identity()

    def forward(self, numbers: Tensor) -> Tensor:
        filled = torch.addcmul(self.shift, numbers.unsqueeze(-1), self.slope)  # (batch, n_features, n_bins)
        filled = torch.minimum(torch.maximum(filled, self.least), self.most)
        return self.activation(self.linear(numbers) + self.bins(filled))  # type: ignore[no-any-return]


def _edges(n_bins: int, evenness: float) -> Tensor:
    """``(n_bins + 1,)``, float64: normal quantiles, even steps, or between the two."""
    places = torch.arange(1, n_bins, dtype=torch.float64) / n_bins
    inner = torch.lerp(torch.special.ndtri(places), (2 * places - 1) * _OUTERMOST, evenness)
    return torch.cat([inner.new_tensor([-_OUTERMOST]), inner, inner.new_tensor([_OUTERMOST])])


class ParallelLinear(nn.Module):
    """One linear layer for each of `n` places: ``(batch, n, n_in)`` to ``(batch, n, n_out)``."""

    def __init__(self, n: int, n_in: int, n_out: int, bias: bool = True) -> None:
        super().__init__()
        bound = 1 / math.sqrt(n_in)
        self.weight = nn.Parameter(torch.empty(n, n_in, n_out).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n, 1, n_out).uniform_(-bound, bound)) if bias else None

    def forward(self, inputs: Tensor) -> Tensor:
        placed = inputs.transpose(0, 1)  # (n, batch, n_in)
        if self.bias is None:
            return torch.bmm(placed, self.weight).transpose(0, 1)
        return torch.baddbmm(self.bias, placed, self.weight).transpose(0, 1)
