"""Convolutions over the words of a text, each keeping its strongest answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int, Space
from search_spaces._sequence_network import sequence_network
from search_spaces._sequences import SequenceInput, input_space, valid_steps


class ParallelConvolutions(nn.Module):
    """``[max over time of ReLU(Conv_w(x)) for each width w]``: Kim 2014, section 2.

    With ``strongest`` over 1 the k largest answers of each map are kept, not the largest alone
    (Kalchbrenner et al., "A Convolutional Neural Network for Modelling Sentences", ACL 2014, section 3.2,
    in order of size).
    """

    bfloat16_on_cpu = True

    def __init__(self, configuration: Configuration, n_inputs: int, n_steps: int) -> None:
        super().__init__()
        first, maps = configuration["narrowest"], configuration["maps"]
        self.widths = range(first, first + configuration["n_widths"])
        self.convolutions = nn.ModuleList(nn.Conv1d(n_inputs, maps, width) for width in self.widths)
        self.strongest = min(configuration["strongest"], n_steps)
        self.n_features = len(self.widths) * maps * self.strongest

    def forward(self, steps: Tensor, lengths: Tensor | None) -> Tensor:
        steps = steps.transpose(1, 2)  # (batch, n_inputs, n_steps)
        valid = None if lengths is None else valid_steps(lengths, steps.shape[2]).unsqueeze(1)
        answers = []
        for convolution, width in zip(self.convolutions, self.widths, strict=True):
            around = width - 1
            padded = functional.pad(steps, (around // 2, around - around // 2))
            found = convolution(padded).relu()  # (batch, maps, n_steps)
            if valid is not None:
                found = found * valid  # 0 is the least that ReLU gives
            if self.strongest == 1:
                answers.append(found.amax(dim=2))
            else:
                answers.append(found.topk(self.strongest, dim=2).values.flatten(1))
        return torch.cat(answers, dim=1)


def build(configuration: Configuration, signature: Signature) -> nn.Module:
    """The network over the tokens of `signature`."""
    entry = SequenceInput(configuration, signature)
    body = ParallelConvolutions(configuration, entry.n_features, entry.n_steps)
    return sequence_network(entry, body, configuration["dropout"], signature)


def space(kind: str) -> Space:
    """The architecture, and how it is trained where texts are few."""
    return {
        "narrowest": Int(1, 4, prior=3, limits=(1, 64)),
        "n_widths": Int(1, 4, prior=3, limits=(1, 16)),
        "maps": Int(32, 256, log=True, prior=96, limits=(1, 8192)),
        "strongest": Choice((1, 2, 3), limits=(1, 64)),
        "dropout": Float(0.2, 0.8, prior=0.5, limits=(0.0, 0.95)),
        "learning_rate": Float(1e-4, 1e-2, log=True, prior=2e-3, limits=(1e-12, 10.0)),
        "weight_decay": Float(1e-4, 1.0, log=True, prior=1e-2, limits=(0.0, 100.0)),
        **input_space(kind),
    }


FAMILY = Family(
    name="text_cnn",
    kinds=("text",),
    space=space,
    build=build,
    source="Kim, Convolutional Neural Networks for Sentence Classification, EMNLP 2014",
    encodes=True,
)
