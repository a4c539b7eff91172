"""Encoders from the units of a row to features, and decoders from a code to units; dense or convolutional."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from torch import nn

from automl.hyperparameters import ACTIVATIONS, NORMALISATIONS
from automl.space import Choice, Float, Int
from search_spaces._fields import Layout
from search_spaces._layers import activation, normalisation

_SMALLEST_SIDE = 4  # as in Radford et al., "Unsupervised Representation Learning with DCGAN", ICLR 2016
_FEWEST_FEATURES = 8


def coder_space(kind: str, normalisation: str, activation: str = "relu") -> dict[str, Any]:
    """The space of an encoder and of the decoder that mirrors it.

    ``width`` counts the units of a dense layer, or the features of the smallest convolutional map;
    larger maps have half as many each time.
    """
    of_image = kind == "image"
    return {
        "layers": Choice(("convolutional", "dense")) if of_image else "dense",
        "depth": Int(1, 4, prior=1 if of_image else 2, limits=(1, 32)),
        "width": Int(32, 512, log=True, prior=128, limits=(1, 8192)),
        "activation": Choice(ACTIVATIONS, prior=activation),
        "normalisation": Choice(NORMALISATIONS, prior=normalisation),
        "dropout": Float(0.0, 0.5, prior=0.0, limits=(0.0, 0.95)),
    }


def encoder(configuration: Mapping[str, Any], layout: Layout) -> tuple[nn.Module, int]:
    """A network from units ``(batch, width)`` to features, and how many these are."""
    width, depth = configuration["width"], configuration["depth"]
    if configuration["layers"] == "dense":
        widths = [layout.width] + [width] * depth
        steps = [_dense(configuration, *pair) for pair in pairwise(widths)]
        return nn.Sequential(*steps), width
    sides, features = _maps(layout.shape, width)
    layers: list[nn.Module] = [nn.Unflatten(1, layout.shape)]
    if len(sides) == 1:
        layers.append(_map(configuration, nn.Conv2d(layout.shape[0], width, 3, padding=1), width))
    for place in range(1, len(sides)):
        halving = nn.Conv2d(features[place - 1], features[place], 4, stride=2, padding=1)
        layers.append(_map(configuration, halving, features[place]))
    layers += [_map(configuration, nn.Conv2d(width, width, 3, padding=1), width) for _ in range(depth - 1)]
    return nn.Sequential(*layers, nn.Flatten()), width * math.prod(sides[-1])


def decoder(configuration: Mapping[str, Any], layout: Layout, n_code: int) -> nn.Module:
    """A network from codes ``(batch, n_code)`` to units ``(batch, width)``."""
    width, depth = configuration["width"], configuration["depth"]
    if configuration["layers"] == "dense":
        widths = [n_code] + [width] * depth
        steps = [_dense(configuration, *pair) for pair in pairwise(widths)]
        return nn.Sequential(*steps, nn.Linear(width, layout.width))
    sides, features = _maps(layout.shape, width)
    smallest = nn.Sequential(
        nn.Linear(n_code, width * math.prod(sides[-1])), nn.Unflatten(1, (width, *sides[-1]))
    )
    layers: list[nn.Module] = [_map(configuration, smallest, width)]
    layers += [_map(configuration, nn.Conv2d(width, width, 3, padding=1), width) for _ in range(depth - 1)]
    if len(sides) == 1:
        layers.append(nn.Conv2d(width, layout.shape[0], 3, padding=1))
    for place in range(len(sides) - 1, 0, -1):
        odd = tuple(side % 2 for side in sides[place - 1])
        wider = nn.ConvTranspose2d(
            features[place], features[place - 1], 4, stride=2, padding=1, output_padding=odd
        )
        layers.append(wider if place == 1 else _map(configuration, wider, features[place - 1]))
    return nn.Sequential(*layers, nn.Flatten())


def _maps(shape: tuple[int, ...], width: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Height and width of each map from the image to the smallest, and the features of each."""
    channels, *image = shape
    sides = [(image[0], image[1])]
    while min(sides[-1]) >= 2 * _SMALLEST_SIDE:
        sides.append((sides[-1][0] // 2, sides[-1][1] // 2))
    last = len(sides) - 1
    fewest = min(width, _FEWEST_FEATURES)
    return sides, [channels, *(max(fewest, width >> (last - place)) for place in range(1, last + 1))]


def _dense(configuration: Mapping[str, Any], n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(n_in, n_out),
        normalisation(configuration["normalisation"], n_out),
        activation(configuration["activation"]),
        nn.Dropout(configuration["dropout"]),
    )


def _map(configuration: Mapping[str, Any], layer: nn.Module, features: int) -> nn.Module:
    """What follows a layer that gives maps ``(batch, features, height, width)``."""
    return nn.Sequential(
        layer,
        normalisation(configuration["normalisation"], features, dims=2),
        activation(configuration["activation"]),
        nn.Dropout(configuration["dropout"]),
    )
