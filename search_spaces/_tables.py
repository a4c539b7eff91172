"""What enters a table's network: every column, of numbers or of categories, as one vector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from automl.signature import Signature
from search_spaces._numbers import numeric_embedding

# fastai's rule for the width of an embedding (Howard & Gugger, "fastai", 2020), and a cap on it
_EMBEDDING_FACTOR, _EMBEDDING_POWER, _EMBEDDING_CAP = 1.6, 0.56, 32


class CategoryEmbedding(nn.Module):
    """One trained vector for each category of each column, from one table; code 0 is the unseen one.

    **Shape**: ``(batch, n_columns)`` int64 to ``(batch, n_columns, width)``.

    Args:
        width: by fastai's rule for the largest column unless given.
    """

    def __init__(self, cardinalities: tuple[int, ...], width: int | None = None) -> None:
        super().__init__()
        by_rule = round(_EMBEDDING_FACTOR * max(cardinalities) ** _EMBEDDING_POWER)
        self.width = min(_EMBEDDING_CAP, by_rule) if width is None else width
        self.table = nn.Embedding(sum(cardinalities), self.width)
        nn.init.normal_(self.table.weight, std=1 / math.sqrt(self.width))
        self.starts: Tensor
        self.register_buffer("starts", torch.tensor((0, *cardinalities[:-1])).cumsum(0), persistent=False)

    def forward(self, codes: Tensor) -> Tensor:
        return torch.as_tensor(self.table(codes + self.starts))


class TableInput(nn.Module):
    """The columns of a table side by side, as numbers: ``(batch, width)``.

    Args:
        embedding: a filled `embedding_space` with a width.

    Attributes:
        widths: how many of the numbers each column has.
    """

    def __init__(self, embedding: Mapping[str, Any], signature: Signature) -> None:
        super().__init__()
        self.widths: tuple[int, ...] = ()
        self.numeric: nn.Module | None = None
        self.categorical: CategoryEmbedding | None = None
        if "numeric" in signature.inputs:
            (n_features,) = signature.inputs["numeric"].shape
            is_plain = embedding["name"] == "none"
            width = 1 if is_plain else embedding["d_embedding"]
            self.numeric = nn.Identity() if is_plain else numeric_embedding(embedding, n_features, width)
            self.widths += (width,) * n_features
        if "categorical" in signature.inputs:
            cardinalities = signature.inputs["categorical"].cardinalities
            self.categorical = CategoryEmbedding(cardinalities)
            self.widths += (self.categorical.width,) * len(cardinalities)
        self.width = sum(self.widths)

    def forward(self, numeric: Tensor | None = None, categorical: Tensor | None = None) -> Tensor:
        parts = []
        if self.numeric is not None:
            parts.append(self.numeric(numeric).flatten(1))
        if self.categorical is not None:
            assert categorical is not None
            parts.append(self.categorical(categorical).flatten(1))
        return torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]


class TableTokens(nn.Module):
    """The columns of a table as tokens: ``(batch, n_columns, width)``.

    Args:
        embedding: a filled `embedding_space` without a width.
    """

    def __init__(self, embedding: Mapping[str, Any], signature: Signature, width: int) -> None:
        super().__init__()
        self.numeric: nn.Module | None = None
        self.categorical: CategoryEmbedding | None = None
        if "numeric" in signature.inputs:
            (n_features,) = signature.inputs["numeric"].shape
            self.numeric = numeric_embedding(embedding, n_features, width)
        if "categorical" in signature.inputs:
            self.categorical = CategoryEmbedding(signature.inputs["categorical"].cardinalities, width)

    def forward(self, numeric: Tensor | None = None, categorical: Tensor | None = None) -> Tensor:
        parts = []
        if self.numeric is not None:
            parts.append(self.numeric(numeric))
        if self.categorical is not None:
            assert categorical is not None
            parts.append(self.categorical(categorical))
        return torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]
