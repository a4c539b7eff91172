"""Many networks in one for tables: they share their matrices, and each scales what enters and leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from automl.family import Family
from automl.hyperparameters import ACTIVATIONS, NORMALISATIONS
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int
from search_spaces._layers import activation, normalisation
from search_spaces._numbers import ParallelLinear, embedding_space
from search_spaces._tables import TableInput


class TabM(nn.Module):
    """Gorishniy et al., "TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling",
    ICLR 2025: k multilayer perceptrons with a linear head each.

    With adapters at ``every_layer`` it is the paper's TabM, with one at the ``input`` its TabM-mini.

    Returns:
        ``(batch, k, n_outputs)``.
    """

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        k, width = configuration["k"], configuration["width"]
        adapted = configuration["adapters"] == "every_layer"
        self.input = TableInput(configuration["embedding"], signature)
        embedded = configuration["embedding"]["name"] != "none"
        self.adapter = nn.Parameter(_first_adapter(configuration["start"], k, self.input.widths, embedded))
        layers: list[nn.Module] = []
        for place in range(configuration["depth"]):
            n_in = self.input.width if place == 0 else width
            layers += [
                AdaptedLinear(k, n_in, width, scales_input=place > 0) if adapted else nn.Linear(n_in, width),
                MemberNormalisation(configuration["normalisation"], k, width),
                activation(configuration["activation"]),
                nn.Dropout(configuration["dropout"]),
            ]
        self.layers = nn.Sequential(*layers)
        self.head = ParallelLinear(k, width, signature.n_outputs)

    def forward(self, numeric: Tensor | None = None, categorical: Tensor | None = None) -> Tensor:
        columns = self.input(numeric, categorical).unsqueeze(1)  # (batch, 1, width of the input)
        return self.head(self.layers(columns * self.adapter))  # type: ignore[no-any-return]


class AdaptedLinear(nn.Module):
    """k linear layers with one matrix: ``((x * r) W) * s + b``, with ``r``, ``s`` and ``b`` of each.

    Wen et al., "BatchEnsemble", ICLR 2020, equation 5. The adapters begin at one, and the k biases
    alike: Gorishniy et al. 2025, section 3.3.

    **Shape**: ``(batch, k, n_in)`` to ``(batch, k, n_out)``.

    Args:
        scales_input: False leaves ``r`` out, where something before it does that.
    """

    def __init__(self, k: int, n_in: int, n_out: int, scales_input: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out, bias=False)
        self.r = nn.Parameter(torch.ones(k, n_in)) if scales_input else None
        self.s = nn.Parameter(torch.ones(k, n_out))
        self.b = nn.Parameter(torch.empty(n_out).uniform_(-(n_in**-0.5), n_in**-0.5).repeat(k, 1))

    def forward(self, inputs: Tensor) -> Tensor:
        scaled = inputs if self.r is None else inputs * self.r
        return torch.addcmul(self.b, self.linear(scaled), self.s)


class MemberNormalisation(nn.Module):
    """A normalisation of ``(batch, k, width)``. That over a batch has statistics of its own for each of the k
    networks: they differ in scale, and with shared ones they learn to be alike."""

    def __init__(self, name: str, k: int, width: int) -> None:
        super().__init__()
        self.apart = name == "batch"
        self.rows = normalisation(name, k * width if self.apart else width)

    def forward(self, inputs: Tensor) -> Tensor:
        rows = inputs.flatten(1) if self.apart else inputs.flatten(0, 1)
        return self.rows(rows).reshape(inputs.shape)  # type: ignore[no-any-return]


def _first_adapter(start: Mapping[str, Any], k: int, widths: tuple[int, ...], embedded: bool) -> Tensor:
    """``(k, sum of widths)``: what tells the k networks apart at first, one value for all of a column.

    ``random``: signs, or normal values where numbers are embedded, as in the code of the paper.
    ``near_one``: normal values about one, so that the networks differ less.
    """
    shape = (k, len(widths))
    if start["name"] == "near_one":
        values = 1 + start["deviation"] * torch.randn(shape)
    else:
        assert start["name"] == "random", start
        values = torch.randn(shape) if embedded else torch.randint(0, 2, shape) * 2.0 - 1.0
    return values.repeat_interleave(torch.tensor(widths), dim=1, output_size=sum(widths))


FAMILY = Family(
    name="tabm",
    kinds=("table",),
    space={
        "k": Int(4, 32, log=True, prior=8, limits=(1, 512)),
        "adapters": Choice(("every_layer", "input"), prior="every_layer"),
        "start": Choice(
            {
                "random": {},
                "near_one": {"deviation": Float(0.05, 1.0, log=True, prior=0.3, limits=(0.0, 100.0))},
            },
            prior="random",
        ),
        "depth": Int(1, 4, prior=3, limits=(1, 64)),
        "width": Int(64, 512, log=True, prior=192, limits=(1, 8192)),
        "activation": Choice(ACTIVATIONS, prior="relu"),
        "normalisation": Choice(NORMALISATIONS, prior="batch"),
        "dropout": Float(0.0, 0.5, prior=0.1, limits=(0.0, 0.95)),
        "embedding": embedding_space("piecewise_linear", Int(4, 32, log=True, prior=12, limits=(1, 512))),
        "learning_rate": Float(1e-4, 1e-2, log=True, prior=3e-3, limits=(1e-12, 1e3)),
    },
    build=TabM,
    source=(
        "Gorishniy et al., TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling, ICLR 2025"
    ),
)
