"""How text, audio, series and pasts to forecast become one thing: steps, and how many of them count.

``steps (batch, n_steps, n_features)`` and ``lengths (batch,)`` int64 of at least 1, or None where all
steps count. What lies behind a row's length never changes what a network says of the row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.signature import Signature
from automl.space import Float, Int, Space
from search_spaces._audio import LogMel, log_mel_space

UNKNOWN = 1  # the token of words that training never saw; 0 fills texts up


def input_space(kind: str) -> Space:
    """What a family needs in its space for the input of a kind of data.

    Args:
        kind: ``text``, ``audio`` or ``series``.
    """
    if kind == "text":
        return {
            "embedding_width": Int(32, 300, log=True, prior=128, limits=(1, 8192)),
            # Kim 2014 draws from [-0.25, 0.25], of about this deviation, as of trained word vectors; with the
            # usual 1, what is drawn for rare words drowns what is learnt.
            "embedding_deviation": Float(0.01, 1.0, log=True, prior=0.1, limits=(0.0, 10.0)),
            "embedding_dropout": Float(0.0, 0.6, prior=0.3, limits=(0.0, 0.95)),
            "word_dropout": Float(0.0, 0.4, prior=0.05, limits=(0.0, 0.95)),
        }
    if kind == "audio":
        return {"spectrogram": log_mel_space()}
    assert kind == "series", kind
    return {
        "noise": Float(0.0, 0.3, prior=0.03, limits=(0.0, 10.0)),
        "stretch": Float(0.0, 0.4, prior=0.1, limits=(0.0, 0.9)),
    }


class SequenceInput(nn.Module):
    """The fields of a signature as steps, whatever the kind.

    Args:
        configuration: with a filled `input_space`.
        most_steps: where there are more, as many as needed are joined into one with all their features.
        patch: how many steps are joined at least, of series and audio.
    """

    def __init__(
        self,
        configuration: Mapping[str, Any],
        signature: Signature,
        most_steps: int | None = None,
        patch: int = 1,
    ) -> None:
        super().__init__()
        self.source = _source(configuration, signature)
        n_steps: int = self.source.n_steps
        if most_steps is not None and signature.kind != "text":
            patch = max(patch, math.ceil(n_steps / most_steps))
        self.patch = min(n_steps, patch)
        self.n_steps = math.ceil(n_steps / self.patch)
        self.n_features = self.source.n_features * self.patch

    def forward(self, **inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        steps, lengths = self.source(**inputs)
        if self.patch == 1:
            return steps, lengths
        missing = self.n_steps * self.patch - steps.shape[1]
        if missing > 0:
            steps = functional.pad(steps, (0, 0, 0, missing))
        if lengths is not None:
            lengths = (lengths + self.patch - 1) // self.patch
        return steps.reshape(-1, self.n_steps, self.n_features), lengths


def _source(configuration: Mapping[str, Any], signature: Signature) -> Tokens | Frames | Series:
    if signature.kind == "text":
        return Tokens(configuration, signature)
    if signature.kind == "audio":
        return Frames(configuration, signature)
    return Series(configuration, signature)


class Tokens(nn.Module):
    """A trained vector for each token of a text: ``(batch, n_tokens)`` int64 to steps.

    In training, ``word_dropout`` is the share of tokens taken for unknown ones (Iyyer et al., "Deep
    Unordered Composition ...", ACL 2015, section 3), so that unknown ones are learnt about too.
    """

    def __init__(self, configuration: Mapping[str, Any], signature: Signature) -> None:
        super().__init__()
        field = signature.inputs["tokens"]
        (self.n_steps,) = field.shape
        self.n_features: int = configuration["embedding_width"]
        self.word_dropout: float = configuration["word_dropout"]
        self.table = nn.Embedding(max(field.cardinalities), self.n_features)
        nn.init.normal_(self.table.weight, std=configuration["embedding_deviation"])
        self.dropout = nn.Dropout(configuration["embedding_dropout"])

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        there = tokens != 0
        places = torch.arange(1, self.n_steps + 1, device=tokens.device)
        lengths = (places * there).amax(dim=1).clamp_min(1)
        if self.training and self.word_dropout > 0:
            hidden = torch.rand(tokens.shape, device=tokens.device) < self.word_dropout
            tokens = torch.where(hidden & there, UNKNOWN, tokens)
        vectors = self.dropout(self.table(tokens)) * there.unsqueeze(2)
        return vectors, lengths


class Frames(nn.Module):
    """The frames of the log-mel spectrogram of a wave as steps."""

    def __init__(self, configuration: Mapping[str, Any], signature: Signature) -> None:
        super().__init__()
        self.spectrogram = LogMel(configuration["spectrogram"], signature)
        self.n_steps = self.spectrogram.n_frames
        self.n_features = self.spectrogram.n_mels

    def forward(self, wave: Tensor, length: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        spectrum, lengths = self.spectrogram(wave, length)
        return spectrum.transpose(1, 2), lengths


class Series(nn.Module):
    """The steps of a series ``(batch, channels, n_steps)``, or of a past to forecast from.

    In training, ``noise`` is added in the unit of the values and each series (never a past) is made
    larger or smaller by up to the share ``stretch``: jitter and scaling of Um et al., "Data Augmentation
    of Wearable Sensor Data ...", ICMI 2017.
    """

    def __init__(self, configuration: Mapping[str, Any], signature: Signature) -> None:
        super().__init__()
        self.is_past = "past" in signature.inputs
        self.n_features, self.n_steps = signature.inputs["past" if self.is_past else "series"].shape
        self.noise: float = configuration["noise"]
        self.stretch: float = 0.0 if self.is_past else configuration["stretch"]

    def forward(
        self, series: Tensor | None = None, length: Tensor | None = None, past: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        values = past if series is None else series
        assert values is not None, "a series, or a past"
        if self.training and self.stretch > 0:
            sizes = torch.rand(len(values), values.shape[1], 1, device=values.device)
            values = values * (1 + self.stretch * (2 * sizes - 1))
        if self.training and self.noise > 0:
            values = values + self.noise * torch.randn_like(values)
        steps = values.transpose(1, 2)
        if length is None:
            return steps, None
        lengths = length.clamp(1, self.n_steps)
        return steps * valid_steps(lengths, self.n_steps).unsqueeze(2), lengths


def valid_steps(lengths: Tensor, n_steps: int) -> Tensor:
    """Whether each step counts: ``(batch, n_steps)`` bool."""
    return torch.arange(n_steps, device=lengths.device) < lengths.unsqueeze(1)


class Pooling(nn.Module):
    """The steps of a row as one vector: ``(batch, n_steps, width)`` to ``(batch, width)``.

    Args:
        name: ``last``, ``mean``, ``max``, or ``attention``: a mean with trained weights (Lin et al., "A
            Structured Self-attentive Sentence Embedding", ICLR 2017, equation 5 with one row).
    """

    def __init__(self, name: str, width: int) -> None:
        super().__init__()
        self.name = name
        self.score = nn.Linear(width, 1, bias=False) if name == "attention" else None

    def forward(self, steps: Tensor, lengths: Tensor | None) -> Tensor:
        if self.name == "last":
            if lengths is None:
                return steps[:, -1]
            places = (lengths - 1).view(-1, 1, 1).expand(-1, 1, steps.shape[2])
            return steps.gather(1, places).squeeze(1)
        valid = None if lengths is None else valid_steps(lengths, steps.shape[1]).unsqueeze(2)
        if self.name == "max":
            return (steps if valid is None else steps.masked_fill(~valid, -math.inf)).amax(dim=1)
        if self.score is not None:
            scores = self.score(steps.tanh())  # (batch, n_steps, 1)
            if valid is not None:
                scores = scores.masked_fill(~valid, -math.inf)
            return (scores.softmax(dim=1) * steps).sum(dim=1)  # type: ignore[no-any-return]
        if valid is None or lengths is None:
            return steps.mean(dim=1)
        return (steps * valid).sum(dim=1) / lengths.unsqueeze(1)
