"""A plain network of fully connected layers, for tables."""

from __future__ import annotations

from torch import Tensor, nn

from automl.family import Family
from automl.hyperparameters import ACTIVATIONS, NORMALISATIONS
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int
from search_spaces._layers import activation, normalisation
from search_spaces._numbers import embedding_space
from search_spaces._tables import TableInput


class MLP(nn.Module):
    """``Linear(Block(...Block(x)))`` with ``Block = Dropout(activation(normalisation(Linear(x))))``."""

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        self.input = TableInput(configuration["embedding"], signature)
        width = configuration["width"]
        layers: list[nn.Module] = []
        for place in range(configuration["depth"]):
            layers += [
                nn.Linear(self.input.width if place == 0 else width, width),
                normalisation(configuration["normalisation"], width),
                activation(configuration["activation"]),
                nn.Dropout(configuration["dropout"]),
            ]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(width, signature.n_outputs)
        self.n_features = width

    def forward(self, numeric: Tensor | None = None, categorical: Tensor | None = None) -> Tensor:
        return self.head(self.encode(numeric, categorical))  # type: ignore[no-any-return]

    def encode(self, numeric: Tensor | None = None, categorical: Tensor | None = None) -> Tensor:
        """What the last layer sees: ``(batch, n_features)``."""
        return self.layers(self.input(numeric, categorical))  # type: ignore[no-any-return]


FAMILY = Family(
    name="mlp",
    kinds=("table",),
    space={
        "depth": Int(1, 6, prior=3, limits=(1, 64)),
        "width": Int(32, 512, log=True, prior=192, limits=(1, 16384)),
        "activation": Choice(ACTIVATIONS, prior="relu"),
        "normalisation": Choice(NORMALISATIONS, prior="batch"),
        "dropout": Float(0.0, 0.5, prior=0.15, limits=(0.0, 0.95)),
        "embedding": embedding_space("piecewise_linear", Int(4, 32, log=True, prior=12, limits=(1, 512))),
    },
    build=MLP,
    encodes=True,
    source=(
        "Rumelhart, Hinton & Williams, Learning representations by back-propagating errors, Nature 1986; "
        "embeddings: Gorishniy et al., On Embeddings for Numerical Features in Tabular Deep Learning, "
        "NeurIPS 2022"
    ),
)
