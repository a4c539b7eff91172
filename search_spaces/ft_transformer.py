"""A transformer over the columns of a table."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int
from search_spaces._numbers import embedding_space
from search_spaces._tables import TableTokens


class FTTransformer(nn.Module):
    """Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data", NeurIPS 2021, section 3.3.

    Every column is a token; a trained one before them ("CLS") gathers what the prediction is made of.
    """

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        n_heads, n_blocks = configuration["n_heads"], configuration["n_blocks"]
        width = max(1, round(configuration["d_token"] / n_heads)) * n_heads
        self.tokens = TableTokens(configuration["embedding"], signature, width)
        self.gathering = nn.Parameter(torch.empty(width).uniform_(-(width**-0.5), width**-0.5))
        self.blocks = nn.ModuleList(
            Block(configuration, width, is_first=place == 0, is_last=place == n_blocks - 1)
            for place in range(n_blocks)
        )
        self.normalisation = nn.LayerNorm(width)
        self.head = nn.Linear(width, signature.n_outputs)
        self.n_features = width

    def forward(self, numeric: Tensor | None = None, categorical: Tensor | None = None) -> Tensor:
        return self.head(self.encode(numeric, categorical))  # type: ignore[no-any-return]

    def encode(self, numeric: Tensor | None = None, categorical: Tensor | None = None) -> Tensor:
        """What the last layer sees: ``(batch, n_features)``."""
        tokens = self.tokens(numeric, categorical)  # (batch, n_columns, n_features)
        tokens = torch.cat([self.gathering.expand(tokens.shape[0], 1, -1), tokens], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        return torch.relu(self.normalisation(tokens[:, 0]))


class Block(nn.Module):
    """Attention among the tokens, then a small network for each, both beside a residual connection.

    Args:
        is_first: the first block has no normalisation before its attention: section 3.3 of the paper.
        is_last: the last one gives the first token alone, since nobody reads the others.
    """

    def __init__(self, configuration: Configuration, width: int, is_first: bool, is_last: bool) -> None:
        super().__init__()
        inner = max(1, round(width * configuration["inner_factor"]))
        self.is_last = is_last
        self.before_attention = nn.Identity() if is_first else nn.LayerNorm(width)
        self.attention = Attention(width, configuration["n_heads"], configuration["attention_dropout"])
        self.network = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * inner),
            ReGLU(),
            nn.Dropout(configuration["dropout"]),
            nn.Linear(inner, width),
        )
        self.dropout = nn.Dropout(configuration["residual_dropout"])

    def forward(self, tokens: Tensor) -> Tensor:
        normalised = self.before_attention(tokens)
        asking = normalised[:, :1] if self.is_last else normalised
        kept = tokens[:, :1] if self.is_last else tokens
        kept = kept + self.dropout(self.attention(asking, normalised))
        return kept + self.dropout(self.network(kept))  # type: ignore[no-any-return]


class Attention(nn.Module):
    """Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2.2.

    **Shape**: ``(batch, n_asking, width)`` and ``(batch, n_tokens, width)`` to ``(batch, n_asking, width)``.
    """

    def __init__(self, width: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.dropout = dropout
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, asking: Tensor, tokens: Tensor) -> Tensor:
        key, value = self.key_value(tokens).chunk(2, dim=-1)
        heads = [
            part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for part in (self.query(asking), key, value)
        ]
        dropout = self.dropout if self.training else 0.0
        gathered = functional.scaled_dot_product_attention(*heads, dropout_p=dropout)
        return self.out(gathered.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class ReGLU(nn.Module):
    """``a * ReLU(b)`` of the two halves: Shazeer, "GLU Variants Improve Transformer", 2020, equation 5."""

    def forward(self, inputs: Tensor) -> Tensor:
        value, gate = inputs.chunk(2, dim=-1)
        return value * torch.relu(gate)


FAMILY = Family(
    name="ft_transformer",
    kinds=("table",),
    space={
        "n_blocks": Int(1, 4, prior=2, limits=(1, 64)),
        # rounded to a multiple of n_heads
        "d_token": Int(32, 192, log=True, prior=64, limits=(1, 4096)),
        "n_heads": Choice((4, 8), prior=8, limits=(1, 256)),
        "inner_factor": Float(0.66, 2.66, prior=1.33, limits=(0.01, 16.0)),
        "attention_dropout": Float(0.0, 0.5, prior=0.2, limits=(0.0, 0.95)),
        "dropout": Float(0.0, 0.5, prior=0.1, limits=(0.0, 0.95)),
        "residual_dropout": Float(0.0, 0.2, prior=0.0, limits=(0.0, 0.95)),
        "embedding": embedding_space("none"),
        "learning_rate": Float(1e-5, 1e-2, log=True, prior=1e-3, limits=(1e-12, 1e3)),
        "weight_decay": Float(1e-7, 1e-1, log=True, prior=1e-5, limits=(0, 1e3)),
    },
    build=FTTransformer,
    source="Gorishniy et al., Revisiting Deep Learning Models for Tabular Data, NeurIPS 2021",
    encodes=True,
)
