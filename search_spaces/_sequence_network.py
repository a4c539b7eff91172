"""What stands around the layers of every network over sequences: its last layer, or a forecast."""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor, nn

from automl.signature import Signature
from search_spaces._forecasts import Level, known_part
from search_spaces._sequences import SequenceInput


class Body(Protocol):
    """The layers of a family: ``(steps, lengths) -> (batch, n_features)``, as `SequenceInput` gives them."""

    n_features: int

    def __call__(self, steps: Tensor, lengths: Tensor | None) -> Tensor: ...


def sequence_network(
    entry: SequenceInput, body: nn.Module, dropout: float, signature: Signature
) -> nn.Module:
    """The network of `entry`, then `body` (a `Body`), then dropout and the last layer for `signature`."""
    if "past" in signature.inputs:
        return Forecaster(entry, body, dropout, signature)
    return Labeller(entry, body, dropout, signature)


class Labeller(nn.Module):
    """``Linear(Dropout(body(entry(fields))))``."""

    def __init__(self, entry: SequenceInput, body: nn.Module, dropout: float, signature: Signature) -> None:
        super().__init__()
        self.entry = entry
        self.body = body
        self.n_features = int(body.n_features)  # type: ignore[arg-type]
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.n_features, signature.n_outputs))

    def encode(self, **inputs: Tensor) -> Tensor:
        return self.body(*self.entry(**inputs))  # type: ignore[no-any-return]

    def forward(self, **inputs: Tensor) -> Tensor:
        return self.head(self.encode(**inputs))  # type: ignore[no-any-return]


class Forecaster(nn.Module):
    """All steps ahead at once, from what the body makes of the past, the past itself and what is known.

    The targets are forecast relative to the mean and the deviation of their own past (`Level`). To the
    body's forecast comes one that is linear in the target's own past, with weights that all targets share:
    Zeng et al., "Are Transformers Effective for Time Series Forecasting?", AAAI 2023, section 4.

    **Shape**: ``past (batch, channels, look_back)``, ``future (batch, n_known, horizon)`` or None, to
    ``(batch, n_targets * horizon)``, target by target.
    """

    def __init__(self, entry: SequenceInput, body: nn.Module, dropout: float, signature: Signature) -> None:
        super().__init__()
        self.horizon = signature.details["horizon"]
        self.n_targets = signature.n_outputs // self.horizon
        _, look_back = signature.inputs["past"].shape
        self.entry = entry
        self.body = body
        n_body = int(body.n_features)  # type: ignore[arg-type]
        self.n_features = n_body + self.n_targets * look_back
        self.dropout = nn.Dropout(dropout)
        self.level = Level("mean_deviation")
        self.linear = nn.Linear(look_back, self.horizon)
        self.head = nn.Linear(n_body, signature.n_outputs)
        self.known = known_part({"name": "linear"}, signature)
        if self.known is not None:
            self.n_features += math.prod(signature.inputs["future"].shape)

    def encode(self, past: Tensor, future: Tensor | None = None) -> Tensor:
        """What the forecast is linear in: the body's features, the targets' past, the known future."""
        features, own, _, _ = self._features(past)
        parts = [features, own.flatten(1)]
        if future is not None:
            parts.append(future.flatten(1))
        return torch.cat(parts, dim=1)

    def forward(self, past: Tensor, future: Tensor | None = None) -> Tensor:
        features, own, level, deviation = self._features(past)
        forecast = self.head(features).reshape(-1, self.n_targets, self.horizon) + self.linear(own)
        if self.known is not None and future is not None:
            forecast = forecast + self.known(future)
        return (forecast * deviation + level).flatten(1)  # type: ignore[no-any-return]

    def _features(self, past: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The body's features, and the targets' past relative to its level, with level and deviation."""
        own, level, deviation = self.level(past[:, : self.n_targets])
        relative = torch.cat([own, past[:, self.n_targets :]], dim=1)
        return self.dropout(self.body(*self.entry(past=relative))), own, level, deviation
