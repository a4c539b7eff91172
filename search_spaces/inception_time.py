"""InceptionTime: convolutions of several lengths side by side, for series and sounds."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from automl.family import Family
from automl.signature import Signature
from automl.space import Configuration, Float, Int, Space
from search_spaces._sequence_network import sequence_network
from search_spaces._sequences import Pooling, SequenceInput, input_space, valid_steps
from search_spaces._step_convolutions import masked

_RESIDUAL_EVERY = 3  # Ismail Fawaz et al. 2020, figure 1
_N_LENGTHS = 3  # of kernels, each half as long as the one before, figure 2


class InceptionTime(nn.Module):
    """Inception modules with a shortcut round every third and the last, then the mean over the steps."""

    bfloat16_on_cpu = True

    def __init__(self, configuration: Configuration, n_inputs: int, n_steps: int) -> None:
        super().__init__()
        depth: int = configuration["depth"]
        width = (_N_LENGTHS + 1) * configuration["filters"]
        self.n_features: int = width
        self.modules_in_order = nn.ModuleList(
            Inception(configuration, n_inputs if place == 0 else width, n_steps) for place in range(depth)
        )
        self.ends = [p for p in range(depth) if p % _RESIDUAL_EVERY == _RESIDUAL_EVERY - 1 or p == depth - 1]
        self.shortcuts = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(n_inputs if place == 0 else width, width, 1, bias=False), nn.BatchNorm1d(width)
            )
            for place in range(len(self.ends))
        )
        self.pooling = Pooling("mean", width)

    def forward(self, steps: Tensor, lengths: Tensor | None) -> Tensor:
        valid = None if lengths is None else valid_steps(lengths, steps.shape[1]).unsqueeze(1)
        steps = steps.transpose(1, 2)  # (batch, n_inputs, n_steps)
        before = steps
        shortcuts = iter(self.shortcuts)
        for place, module in enumerate(self.modules_in_order):
            steps = module(steps, valid)
            if place in self.ends:
                steps = masked((steps + next(shortcuts)(before)).relu(), valid)
                before = steps
        return self.pooling(steps.transpose(1, 2), lengths)  # type: ignore[no-any-return]


class Inception(nn.Module):
    """``ReLU(BatchNorm([Conv_k(z), Conv_k/2(z), Conv_k/4(z), Conv_1(MaxPool(x))]))`` with ``z = Conv_1(x)``.

    Ismail Fawaz et al. 2020, figure 2. Kernels have odd lengths and are not longer than the series.
    """

    def __init__(self, configuration: Configuration, n_inputs: int, n_steps: int) -> None:
        super().__init__()
        filters, bottleneck = configuration["filters"], configuration["bottleneck"]
        narrows = n_inputs > bottleneck
        self.bottleneck = nn.Conv1d(n_inputs, bottleneck, 1, bias=False) if narrows else nn.Identity()
        longest = min(configuration["kernel"], n_steps)
        kernels = [_odd(longest // 2**place) for place in range(_N_LENGTHS)]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(min(n_inputs, bottleneck), filters, kernel, padding=kernel // 2, bias=False)
            for kernel in kernels
        )
        self.pooled = nn.Sequential(
            nn.MaxPool1d(3, stride=1, padding=1), nn.Conv1d(n_inputs, filters, 1, bias=False)
        )
        self.norm = nn.BatchNorm1d((_N_LENGTHS + 1) * filters)
        self.dropout = nn.Dropout1d(configuration["block_dropout"])

    def forward(self, steps: Tensor, valid: Tensor | None) -> Tensor:
        narrow = self.bottleneck(steps)
        found = [*(convolution(narrow) for convolution in self.convolutions), self.pooled(steps)]
        return masked(self.dropout(self.norm(torch.cat(found, dim=1)).relu()), valid)


def _odd(length: int) -> int:
    """The odd number that is `length` or next below it, at least 1."""
    return max(1, length - 1 + length % 2)


def build(configuration: Configuration, signature: Signature) -> nn.Module:
    """The network over the steps of `signature`."""
    entry = SequenceInput(configuration, signature)
    body = InceptionTime(configuration, entry.n_features, entry.n_steps)
    return sequence_network(entry, body, configuration["dropout"], signature)


def space(kind: str) -> Space:
    """The architecture, with what the kind of data needs; priors are the paper's, section 4.2."""
    return {
        "depth": Int(2, 9, prior=6, limits=(1, 64)),
        "filters": Int(8, 64, log=True, prior=32, limits=(1, 2048)),
        "bottleneck": Int(8, 64, log=True, prior=32, limits=(1, 2048)),
        "kernel": Int(8, 64, log=True, prior=40, limits=(1, 1024)),
        "block_dropout": Float(0.0, 0.4, prior=0.0, limits=(0.0, 0.95)),
        "dropout": Float(0.0, 0.6, prior=0.2, limits=(0.0, 0.95)),
        "learning_rate": Float(1e-4, 3e-2, log=True, prior=2e-3, limits=(1e-12, 10.0)),
        **input_space(kind),
    }


FAMILY = Family(
    name="inception_time",
    kinds=("series", "audio"),
    space=space,
    build=build,
    source=(
        "Ismail Fawaz et al., InceptionTime: Finding AlexNet for Time Series Classification, Data Mining and "
        "Knowledge Discovery 2020"
    ),
    encodes=True,
)
