"""A convolutional network for images of any size, small ones too; plain or residual."""

from __future__ import annotations

import math

from torch import Tensor, nn

from automl.family import Family
from automl.hyperparameters import ACTIVATIONS, NORMALISATIONS
from automl.space import Choice, Configuration, Float, Int
from automl.task import Signature
from search_spaces._layers import activation, normalisation

# Images are not pooled below so many pixels a side: smaller maps have nothing left to convolve.
_SMALLEST_SIDE = 4
# Features double after each pooling (Simonyan & Zisserman, 2015), up to so many times the first.
_WIDEST = 8


class CNN(nn.Module):
    """Stages of convolutions with pooling between, then pooling over the image, then a linear layer.

    There are as many poolings as the image allows, whatever the number of stages.
    """

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        channels, height, width = signature.inputs["image"].shape
        n_poolings = int(math.log2(max(1.0, min(height, width) / _SMALLEST_SIDE)))
        features = configuration["width"]
        layers: list[nn.Module] = [_convolution(configuration, channels, features)]
        for stage in range(configuration["stages"]):
            pools = 0 < stage <= n_poolings
            wider = min(features * 2, configuration["width"] * _WIDEST) if pools else features
            if pools:
                layers.append(_pooling(configuration["pooling"], features))
            for place in range(configuration["blocks"]):
                layers.append(_block(configuration, features if place == 0 else wider, wider))
            features = wider
        self.layers = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Dropout(configuration["dropout"]), nn.Linear(features, signature.n_outputs)
        )

    def forward(self, image: Tensor) -> Tensor:
        features = self.layers(image)  # (batch, features, height, width)
        return self.head(features.mean(dim=(2, 3)))  # type: ignore[no-any-return]


class ResidualBlock(nn.Module):
    """``activation(x + Conv(Conv(x)))``: He et al., "Deep Residual Learning ...", CVPR 2016, figure 2."""

    def __init__(self, configuration: Configuration, n_in: int, n_out: int) -> None:
        super().__init__()
        self.first = _convolution(configuration, n_in, n_out)
        self.second = nn.Sequential(
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=configuration["normalisation"] == "none"),
            normalisation(configuration["normalisation"], n_out, dims=2),
        )
        self.shortcut = nn.Identity() if n_in == n_out else nn.Conv2d(n_in, n_out, 1, bias=False)
        self.activation = activation(configuration["activation"])

    def forward(self, image: Tensor) -> Tensor:
        return self.activation(self.shortcut(image) + self.second(self.first(image)))  # type: ignore[no-any-return]


def _convolution(configuration: Configuration, n_in: int, n_out: int) -> nn.Sequential:
    kind = configuration["normalisation"]
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=kind == "none"),
        normalisation(kind, n_out, dims=2),
        activation(configuration["activation"]),
    )


def _block(configuration: Configuration, n_in: int, n_out: int) -> nn.Module:
    if configuration["connections"] == "residual":
        return ResidualBlock(configuration, n_in, n_out)
    return _convolution(configuration, n_in, n_out)


def _pooling(name: str, features: int) -> nn.Module:
    if name == "stride":
        return nn.Conv2d(features, features, 2, stride=2)
    return nn.MaxPool2d(2) if name == "max" else nn.AvgPool2d(2)


FAMILY = Family(
    name="cnn",
    kinds=("image",),
    space={
        "stages": Int(1, 4, prior=3, limits=(1, 16)),
        "blocks": Int(1, 3, prior=1, limits=(1, 32)),
        "width": Int(8, 64, log=True, prior=32, limits=(1, 2048)),
        "connections": Choice(("plain", "residual"), prior="residual"),
        "pooling": Choice(("max", "average", "stride"), prior="max"),
        "activation": Choice(ACTIVATIONS, prior="relu"),
        "normalisation": Choice(NORMALISATIONS, prior="batch"),
        "dropout": Float(0.0, 0.5, prior=0.2, limits=(0.0, 0.95)),
    },
    build=CNN,
    source=(
        "LeCun et al., Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998; "
        "residual: He et al., Deep Residual Learning for Image Recognition, CVPR 2016"
    ),
)
