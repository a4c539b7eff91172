"""Building blocks that several families share."""

from __future__ import annotations

from torch import Tensor, nn

from automl.hyperparameters import ACTIVATIONS

_ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
assert set(_ACTIVATIONS) == set(ACTIVATIONS)


def activation(name: str) -> nn.Module:
    """The activation function of that name."""
    return _ACTIVATIONS[name]()


def normalisation(name: str, width: int, dims: int = 1) -> nn.Module:
    """A normalisation of `width` features.

    ``batch``: Ioffe & Szegedy, 2015. ``layer``: Ba et al., 2016, at each step of a signal; over images
    it normalises all features of a row together (one group of Wu & He, "Group Normalization", 2018).

    Args:
        dims: 1 for rows ``(batch, width)`` and signals ``(batch, width, steps)``, 2 for images
            ``(batch, width, height, width of the image)``.
    """
    if name == "none":
        return nn.Identity()
    if name == "batch":
        return nn.BatchNorm1d(width) if dims == 1 else nn.BatchNorm2d(width)
    assert name == "layer", name
    return FeatureNorm(width) if dims == 1 else nn.GroupNorm(1, width)


class FeatureNorm(nn.LayerNorm):
    """Layer normalisation over the second axis, also where steps follow it.

    **Shape**: ``(batch, width)`` or ``(batch, width, steps)``, kept.
    """

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features.transpose(1, -1)).transpose(1, -1)
