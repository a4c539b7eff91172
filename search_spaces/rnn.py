"""A recurrent network over the steps of a series, a text or a sound."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int, Space
from automl.task import LABELLED
from search_spaces._sequence_network import sequence_network
from search_spaces._sequences import Pooling, SequenceInput, input_space, valid_steps

_MOST_STEPS = 512  # a state is carried through so many: further back hardly any gradient comes


class Recurrent(nn.Module):
    """Layers of cells, each over the steps in order or in both orders, then pooling.

    A row is reversed within its own length, so that the order backwards begins at its end and not in
    the padding.
    """

    def __init__(self, configuration: Configuration, n_inputs: int) -> None:
        super().__init__()
        width = configuration["width"]
        self.both = configuration["direction"] == "both"
        self.pools_last = configuration["pooling"] == "last"
        self.n_features = 2 * width if self.both else width
        self.first = nn.Sequential(nn.Linear(n_inputs, width), nn.LayerNorm(width))
        widths = [width] + [self.n_features] * (configuration["depth"] - 1)
        self.forwards = nn.ModuleList(_cell(configuration["cell"], size, width) for size in widths)
        self.backwards = nn.ModuleList(
            _cell(configuration["cell"], size, width) for size in (widths if self.both else [])
        )
        self.dropout = nn.Dropout(configuration["recurrent_dropout"])
        self.pooling = Pooling(configuration["pooling"], self.n_features)

    def forward(self, steps: Tensor, lengths: Tensor | None) -> Tensor:
        steps = self.first(steps)
        order = None if lengths is None else _reversed_order(lengths, steps.shape[1])
        for place, forwards in enumerate(self.forwards):
            if place > 0:
                steps = self.dropout(steps)
            after, _ = forwards(steps)
            if self.both:
                before, _ = self.backwards[place](_reversed(steps, order))
                after = torch.cat([after, _reversed(before, order)], dim=2)
            steps = after
        if self.both and self.pools_last:  # each order's own last step
            width = self.n_features // 2
            return torch.cat([self.pooling(steps[..., :width], lengths), steps[:, 0, width:]], dim=1)
        return self.pooling(steps, lengths)  # type: ignore[no-any-return]


def _reversed_order(lengths: Tensor, n_steps: int) -> Tensor:
    """The places of a row's steps from its last to its first, the padding where it is."""
    places = torch.arange(n_steps, device=lengths.device)
    return torch.where(valid_steps(lengths, n_steps), lengths.unsqueeze(1) - 1 - places, places)


def _reversed(steps: Tensor, order: Tensor | None) -> Tensor:
    if order is None:
        return steps.flip(1)
    return steps.gather(1, order.unsqueeze(2).expand(-1, -1, steps.shape[2]))


def _cell(cell: dict[str, Any], n_inputs: int, width: int) -> nn.Module:
    """One layer of cells in one order.

    Weights from state to state begin orthogonal (Saxe et al., "Exact solutions to the nonlinear dynamics
    of learning ...", ICLR 2014); an LSTM begins by keeping what it holds, with a bias of 1 on its forget
    gate (Jozefowicz et al., "An Empirical Exploration of Recurrent Network Architectures", ICML 2015).
    """
    layer: nn.RNNBase
    if cell["name"] == "simple":
        layer = nn.RNN(n_inputs, width, nonlinearity=cell["activation"], batch_first=True)
    elif cell["name"] == "lstm":
        layer = nn.LSTM(n_inputs, width, batch_first=True)
        nn.init.ones_(cast(nn.Parameter, layer.bias_hh_l0)[width : 2 * width])
    else:
        layer = nn.GRU(n_inputs, width, batch_first=True)
    with torch.no_grad():
        for gate in cast(nn.Parameter, layer.weight_hh_l0).split(width):  # type: ignore[no-untyped-call]
            nn.init.orthogonal_(gate)
    return layer


def build(configuration: Configuration, signature: Signature) -> nn.Module:
    """The network over the steps of `signature`."""
    entry = SequenceInput(configuration, signature, _MOST_STEPS)
    body = Recurrent(configuration, entry.n_features)
    return sequence_network(entry, body, configuration["dropout"], signature)


def space(kind: str) -> Space:
    """The architecture, with what the kind of data needs."""
    return {
        "cell": Choice(
            {"simple": {"activation": Choice(("tanh", "relu"))}, "lstm": {}, "gru": {}}, prior="gru"
        ),
        "depth": Int(1, 3, prior=1, limits=(1, 16)),
        "width": Int(32, 256, log=True, prior=96, limits=(1, 4096)),
        "direction": Choice(("forward", "both"), prior="both"),
        "pooling": Choice(("last", "mean", "max", "attention"), prior="max"),
        "recurrent_dropout": Float(0.0, 0.5, prior=0.2, limits=(0.0, 0.95)),
        "dropout": Float(0.0, 0.6, prior=0.3, limits=(0.0, 0.95)),
        "learning_rate": Float(1e-4, 3e-2, log=True, prior=2e-3, limits=(1e-12, 10.0)),
        **input_space(kind),
    }


FAMILY = Family(
    name="rnn",
    kinds=("series", "text", "audio"),
    tasks=(*LABELLED, "forecasting"),
    space=space,
    build=build,
    source=(
        "Elman, Finding Structure in Time, Cognitive Science 1990; LSTM: Hochreiter & Schmidhuber, Long "
        "Short-Term Memory, Neural Computation 1997; GRU: Cho et al., Learning Phrase Representations using "
        "RNN Encoder-Decoder, EMNLP 2014; both orders: Schuster & Paliwal, Bidirectional Recurrent Neural "
        "Networks, IEEE TSP 1997"
    ),
    encodes=True,
)
