"""A temporal convolutional network: dilated convolutions that see further with each layer."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int, Space
from search_spaces._sequence_network import sequence_network
from search_spaces._sequences import Pooling, SequenceInput, input_space, valid_steps
from search_spaces._step_convolutions import StepNormalisation, WeightNormConvolution, masked


class TemporalConvolutions(nn.Module):
    """Residual blocks of dilation 1, 2, 4, ..., then pooling over the steps that count.

    Dilation stops growing where a kernel would be wider than the series.
    """

    bfloat16_on_cpu = True

    def __init__(self, configuration: Configuration, n_inputs: int, n_steps: int) -> None:
        super().__init__()
        width = configuration["width"]
        self.n_features: int = width
        dilation = 1
        blocks = []
        for place in range(configuration["depth"]):
            blocks.append(Block(configuration, n_inputs if place == 0 else width, width, dilation))
            if 2 * dilation * (configuration["kernel"] - 1) < n_steps:
                dilation *= 2
        self.blocks = nn.ModuleList(blocks)
        self.pooling = Pooling(configuration["pooling"], width)

    def forward(self, steps: Tensor, lengths: Tensor | None) -> Tensor:
        valid = None if lengths is None else valid_steps(lengths, steps.shape[1]).unsqueeze(1)
        steps = steps.transpose(1, 2)  # (batch, n_inputs, n_steps)
        for block in self.blocks:
            steps = block(steps, valid)
        return self.pooling(steps.transpose(1, 2), lengths)  # type: ignore[no-any-return]


class Block(nn.Module):
    """``ReLU(x + F(F(x)))`` with ``F = Dropout(ReLU(norm(Conv)))``: Bai et al. 2018, figure 1b.

    Where it is causal, a step sees itself and those before it; else as many on either side.
    """

    def __init__(self, configuration: Configuration, n_in: int, n_out: int, dilation: int) -> None:
        super().__init__()
        around = (configuration["kernel"] - 1) * dilation
        self.padding = (around, 0) if configuration["causal"] else (around // 2, around - around // 2)
        name = configuration["normalisation"]
        self.first = _convolution(name, n_in, n_out, configuration["kernel"], dilation)
        self.second = _convolution(name, n_out, n_out, configuration["kernel"], dilation)
        self.dropout = nn.Dropout1d(configuration["block_dropout"])
        self.shortcut = nn.Identity() if n_in == n_out else nn.Conv1d(n_in, n_out, 1)

    def forward(self, steps: Tensor, valid: Tensor | None) -> Tensor:
        hidden = steps
        for convolution in (self.first, self.second):
            hidden = self.dropout(convolution(functional.pad(hidden, self.padding)).relu())
            hidden = masked(hidden, valid)
        return masked((self.shortcut(steps) + hidden).relu(), valid)


def _convolution(name: str, n_in: int, n_out: int, kernel: int, dilation: int) -> nn.Module:
    if name == "weight":
        return WeightNormConvolution(n_in, n_out, kernel, dilation)
    convolution = nn.Conv1d(n_in, n_out, kernel, dilation=dilation, bias=name == "none")
    if name == "none":
        return convolution
    return nn.Sequential(convolution, nn.BatchNorm1d(n_out) if name == "batch" else StepNormalisation(n_out))


def build(configuration: Configuration, signature: Signature) -> nn.Module:
    """The network over the steps of `signature`."""
    entry = SequenceInput(configuration, signature)
    body = TemporalConvolutions(configuration, entry.n_features, entry.n_steps)
    return sequence_network(entry, body, configuration["dropout"], signature)


def space(kind: str) -> Space:
    """The architecture, with what the kind of data needs."""
    return {
        "depth": Int(2, 8, prior=4, limits=(1, 32)),
        "width": Int(16, 128, log=True, prior=64, limits=(1, 4096)),
        "kernel": Int(2, 11, prior=7, limits=(1, 255)),
        "causal": Choice((True, False), prior=False),
        "normalisation": Choice(("weight", "batch", "layer", "none"), prior="batch"),
        "pooling": Choice(("last", "mean", "max", "attention"), prior="mean"),
        "block_dropout": Float(0.0, 0.4, prior=0.05, limits=(0.0, 0.95)),
        "dropout": Float(0.0, 0.6, prior=0.2, limits=(0.0, 0.95)),
        "learning_rate": Float(1e-4, 3e-2, log=True, prior=2e-3, limits=(1e-12, 10.0)),
        **input_space(kind),
    }


FAMILY = Family(
    name="tcn",
    kinds=("series", "audio"),
    space=space,
    build=build,
    source=(
        "Bai, Kolter & Koltun, An Empirical Evaluation of Generic Convolutional and Recurrent Networks for "
        "Sequence Modeling, 2018"
    ),
    encodes=True,
)
