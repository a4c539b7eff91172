"""A residual network for tables."""

from __future__ import annotations

from torch import Tensor, nn

from automl.family import Family
from automl.hyperparameters import ACTIVATIONS, NORMALISATIONS
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int
from search_spaces._layers import activation, normalisation
from search_spaces._numbers import embedding_space
from search_spaces._tables import TableInput


class ResNet(nn.Module):
    """Gorishniy et al., "Revisiting Deep Learning Models for Tabular Data", NeurIPS 2021, section 3.2::

    ResNet(x)     = Prediction(Block(...Block(Linear(x))))
    Block(x)      = x + Dropout(Linear(Dropout(ReLU(Linear(BatchNorm(x))))))
    Prediction(x) = Linear(ReLU(BatchNorm(x)))
    """

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        self.input = TableInput(configuration["embedding"], signature)
        width = configuration["width"]
        self.first = nn.Linear(self.input.width, width)
        self.blocks = nn.ModuleList(_block(configuration) for _ in range(configuration["depth"]))
        self.last = nn.Sequential(
            normalisation(configuration["normalisation"], width), activation(configuration["activation"])
        )
        self.head = nn.Linear(width, signature.n_outputs)
        self.n_features = width

    def forward(self, numeric: Tensor | None = None, categorical: Tensor | None = None) -> Tensor:
        return self.head(self.encode(numeric, categorical))  # type: ignore[no-any-return]

    def encode(self, numeric: Tensor | None = None, categorical: Tensor | None = None) -> Tensor:
        """What the last layer sees: ``(batch, n_features)``."""
        hidden = self.first(self.input(numeric, categorical))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return self.last(hidden)  # type: ignore[no-any-return]


def _block(configuration: Configuration) -> nn.Module:
    width = configuration["width"]
    inner = max(1, round(width * configuration["inner_factor"]))
    return nn.Sequential(
        normalisation(configuration["normalisation"], width),
        nn.Linear(width, inner),
        activation(configuration["activation"]),
        nn.Dropout(configuration["dropout"]),
        nn.Linear(inner, width),
        nn.Dropout(configuration["residual_dropout"]),
    )


FAMILY = Family(
    name="resnet",
    kinds=("table",),
    space={
        "depth": Int(1, 6, prior=3, limits=(1, 64)),
        "width": Int(32, 384, log=True, prior=128, limits=(1, 8192)),
        # from Gorishniy et al. 2021, supplement, the tuning space of ResNet
        "inner_factor": Float(1.0, 4.0, prior=2.0, limits=(0.01, 16.0)),
        "activation": Choice(ACTIVATIONS, prior="relu"),
        "normalisation": Choice(NORMALISATIONS, prior="batch"),
        "dropout": Float(0.0, 0.5, prior=0.25, limits=(0.0, 0.95)),
        "residual_dropout": Float(0.0, 0.5, prior=0.0, limits=(0.0, 0.95)),
        "embedding": embedding_space("piecewise_linear", Int(4, 32, log=True, prior=12, limits=(1, 512))),
    },
    build=ResNet,
    encodes=True,
    source="Gorishniy et al., Revisiting Deep Learning Models for Tabular Data, NeurIPS 2021",
)
