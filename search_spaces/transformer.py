"""A transformer encoder over the steps of a text, a series or a sound."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int, Space
from automl.task import LABELLED
from search_spaces._positions import POSITIONS, AddedPositions, RotaryPositions
from search_spaces._sequence_network import sequence_network
from search_spaces._sequences import Pooling, SequenceInput, input_space, valid_steps

_MOST_STEPS = 256  # attention costs their square; longer series and sounds are cut into wider patches
_EIGHT = 8  # heads are as wide as a multiple of it, for the fast kernels


class Encoder(nn.Module):
    """``LayerNorm(Block(...Block(Linear(x) + positions)))``, then pooling.

    The width is rounded up so that every head has the same multiple of 8.
    """

    def __init__(self, configuration: Configuration, n_inputs: int, n_steps: int) -> None:
        super().__init__()
        heads = configuration["heads"]
        width = heads * _EIGHT * math.ceil(configuration["width"] / heads / _EIGHT)
        self.n_features = width
        self.first = nn.Linear(n_inputs, width)
        self.token = nn.Parameter(torch.zeros(1, 1, width)) if configuration["pooling"] == "token" else None
        if self.token is not None:
            n_steps += 1
        position = configuration["position"]
        self.positions = (
            AddedPositions(position, n_steps, width) if position in ("learnt", "sine") else nn.Identity()
        )
        rotary = RotaryPositions(n_steps, width // heads) if position == "rotary" else None
        self.dropout = nn.Dropout(configuration["residual_dropout"])
        self.blocks = nn.ModuleList(
            Block(configuration, width, rotary) for _ in range(configuration["depth"])
        )
        self.last = nn.LayerNorm(width)
        self.pooling = None if self.token is not None else Pooling(configuration["pooling"], width)

    def forward(self, steps: Tensor, lengths: Tensor | None) -> Tensor:
        steps = self.first(steps)
        if self.token is not None:
            steps = torch.cat([self.token.expand(steps.shape[0], -1, -1).to(steps.dtype), steps], dim=1)
            lengths = None if lengths is None else lengths + 1
        steps = self.dropout(self.positions(steps))
        seen = None if lengths is None else valid_steps(lengths, steps.shape[1])[:, None, None, :]
        for block in self.blocks:
            steps = block(steps, seen)
        steps = self.last(steps)
        return steps[:, 0] if self.pooling is None else self.pooling(steps, lengths)


class Block(nn.Module):
    """``x + Attention(LayerNorm(x))``, then ``x + FeedForward(LayerNorm(x))``.

    The norm comes first: Xiong et al., "On Layer Normalization in the Transformer Architecture", ICML 2020.
    """

    def __init__(self, configuration: Configuration, width: int, rotary: RotaryPositions | None) -> None:
        super().__init__()
        self.heads: int = configuration["heads"]
        self.attention_dropout: float = configuration["attention_dropout"]
        self.rotary = rotary
        inner = max(_EIGHT, round(width * configuration["inner_factor"]))
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.dropout = nn.Dropout(configuration["residual_dropout"])
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, inner),
            nn.GELU(),
            nn.Dropout(configuration["residual_dropout"]),
            nn.Linear(inner, width),
            nn.Dropout(configuration["residual_dropout"]),
        )

    def forward(self, steps: Tensor, seen: Tensor | None) -> Tensor:
        """`seen`: ``(batch, 1, 1, n_steps)`` bool, the steps that all may attend to; None where all are."""
        steps = steps + self.dropout(self._attend(self.attention_norm(steps), seen))
        return steps + self.feed_forward(steps)  # type: ignore[no-any-return]

    def _attend(self, steps: Tensor, seen: Tensor | None) -> Tensor:
        n_steps, width = steps.shape[1:]
        parts = self.query_key_value(steps).view(-1, n_steps, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)  # each (batch, heads, n_steps, ...)
        if self.rotary is not None:
            query, key = self.rotary(query), self.rotary(key)
        dropout = self.attention_dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen, dropout_p=dropout)
        return self.joined(mixed.transpose(1, 2).reshape(-1, n_steps, width))  # type: ignore[no-any-return]


def build(configuration: Configuration, signature: Signature) -> nn.Module:
    """The network over the steps of `signature`."""
    entry = SequenceInput(configuration, signature, _MOST_STEPS, configuration.get("patch", 1))
    body = Encoder(configuration, entry.n_features, entry.n_steps)
    return sequence_network(entry, body, configuration["dropout"], signature)


def space(kind: str) -> Space:
    """The architecture, with what the kind of data needs, and slower learning than other networks'."""
    patch = {} if kind == "text" else {"patch": Int(1, 16, log=True, prior=4, limits=(1, 4096))}
    return {
        "depth": Int(1, 6, prior=2, limits=(1, 64)),
        "width": Int(32, 256, log=True, prior=96, limits=(1, 4096)),
        "heads": Choice((1, 2, 4, 8), prior=4, limits=(1, 64)),
        "inner_factor": Float(1.0, 4.0, prior=2.0, limits=(0.01, 16.0)),
        "position": Choice(POSITIONS, prior="learnt"),
        "pooling": Choice(("mean", "max", "token", "attention"), prior="mean"),
        "attention_dropout": Float(0.0, 0.4, prior=0.1, limits=(0.0, 0.95)),
        "residual_dropout": Float(0.0, 0.4, prior=0.1, limits=(0.0, 0.95)),
        "dropout": Float(0.0, 0.6, prior=0.2, limits=(0.0, 0.95)),
        "learning_rate": Float(1e-5, 1e-2, log=True, prior=1e-3, limits=(1e-12, 10.0)),
        "weight_decay": Float(1e-6, 1.0, log=True, prior=1e-2, limits=(0.0, 100.0)),
        "warm_up": Float(0.0, 0.2, prior=0.1, limits=(0.0, 1.0)),
        **patch,
        **input_space(kind),
    }


FAMILY = Family(
    name="transformer",
    kinds=("text", "series", "audio"),
    tasks=(*LABELLED, "forecasting"),
    space=space,
    build=build,
    source=(
        "Vaswani et al., Attention Is All You Need, NeurIPS 2017; series in patches: Nie et al., A Time "
        "Series is Worth 64 Words, ICLR 2023"
    ),
    encodes=True,
)
