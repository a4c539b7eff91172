"""Building blocks that several families share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from automl.hyperparameters import ACTIVATIONS
from automl.space import Choice, Float, Int
from automl.task import Field, Signature

_ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
assert set(_ACTIVATIONS) == set(ACTIVATIONS)

# fastai's rule for the width of an embedding (Howard & Gugger, "fastai", 2020), and a cap on it
_EMBEDDING_FACTOR, _EMBEDDING_POWER, _EMBEDDING_CAP = 1.6, 0.56, 32


def activation(name: str) -> nn.Module:
    """The activation function of that name."""
    return _ACTIVATIONS[name]()


def normalisation(name: str, width: int, dims: int = 1) -> nn.Module:
    """A normalisation of `width` features, for inputs ``(batch, width, ...)`` with `dims` - 1 more axes.

    ``batch``: Ioffe & Szegedy, 2015. ``layer``: Ba et al., 2016; over images it normalises all
    features of a row together (one group of Wu & He, "Group Normalization", 2018).
    """
    if name == "none":
        return nn.Identity()
    if name == "batch":
        return nn.BatchNorm1d(width) if dims == 1 else nn.BatchNorm2d(width)
    assert name == "layer", name
    return nn.LayerNorm(width) if dims == 1 else nn.GroupNorm(1, width)


def embedding_space() -> Choice:
    """How numeric columns enter a network: as they are, or through periodic embeddings."""
    return Choice(
        {
            "none": {},
            "periodic": {
                "sigma": Float(0.01, 10.0, log=True, prior=0.1, limits=(1e-6, 1e4)),
                "n_frequencies": Int(8, 64, log=True, prior=32, limits=(1, 1024)),
                "d_embedding": Int(4, 32, log=True, prior=12, limits=(1, 512)),
            },
        },
        prior="periodic",
    )


class PeriodicEmbedding(nn.Module):
    """Each number ``x`` as ``ReLU(Linear([cos(2 pi c x), sin(2 pi c x)]))``, with trained ``c``.

    Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning", NeurIPS 2022,
    equation 2; the linear layer is shared by all columns ("PLR-lite").

    **Shape**: ``(batch, n_features)`` to ``(batch, n_features * d_embedding)``.
    """

    def __init__(self, n_features: int, sigma: float, n_frequencies: int, d_embedding: int) -> None:
        super().__init__()
        self.frequencies = nn.Parameter(torch.empty(n_features, n_frequencies))
        # Cut at three deviations, so that no column gets a frequency that is noise to the rest.
        nn.init.trunc_normal_(self.frequencies, std=sigma, a=-3 * sigma, b=3 * sigma)
        self.linear = nn.Linear(2 * n_frequencies, d_embedding)

    def forward(self, numbers: Tensor) -> Tensor:
        angles = 2 * math.pi * self.frequencies * numbers.unsqueeze(-1)  # (batch, n_features, n_frequencies)
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1)
        return torch.relu(self.linear(waves)).flatten(1)


class CategoryEmbedding(nn.Module):
    """One trained vector for each category of each column, from one table; code 0 is the unseen one.

    **Shape**: ``(batch, n_columns)`` int64 to ``(batch, n_columns * width)``.
    """

    def __init__(self, cardinalities: tuple[int, ...]) -> None:
        super().__init__()
        self.width = min(_EMBEDDING_CAP, round(_EMBEDDING_FACTOR * max(cardinalities) ** _EMBEDDING_POWER))
        self.table = nn.Embedding(sum(cardinalities), self.width)
        nn.init.normal_(self.table.weight, std=1 / math.sqrt(self.width))
        self.starts: Tensor
        self.register_buffer("starts", torch.tensor((0, *cardinalities[:-1])).cumsum(0), persistent=False)

    def forward(self, codes: Tensor) -> Tensor:
        return torch.as_tensor(self.table(codes + self.starts)).flatten(1)


class TableInput(nn.Module):
    """The columns of a table side by side, as numbers: ``(batch, width)``.

    Args:
        embedding: a filled `embedding_space`.
    """

    def __init__(self, embedding: Mapping[str, Any], signature: Signature) -> None:
        super().__init__()
        self.width = 0
        self.numeric: nn.Module | None = None
        self.categorical: nn.Module | None = None
        if "numeric" in signature.inputs:
            (n_features,) = signature.inputs["numeric"].shape
            self.numeric, width = _numeric(embedding, n_features)
            self.width += width
        if "categorical" in signature.inputs:
            self.categorical, width = _categorical(signature.inputs["categorical"])
            self.width += width

    def forward(self, numeric: Tensor | None = None, categorical: Tensor | None = None) -> Tensor:
        parts = []
        if self.numeric is not None:
            parts.append(self.numeric(numeric))
        if self.categorical is not None:
            parts.append(self.categorical(categorical))
        return torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]


def _numeric(embedding: Mapping[str, Any], n_features: int) -> tuple[nn.Module, int]:
    if embedding["name"] == "none":
        return nn.Identity(), n_features
    module = PeriodicEmbedding(
        n_features, embedding["sigma"], embedding["n_frequencies"], embedding["d_embedding"]
    )
    return module, n_features * embedding["d_embedding"]


def _categorical(field: Field) -> tuple[nn.Module, int]:
    module = CategoryEmbedding(field.cardinalities)
    return module, len(field.cardinalities) * module.width
