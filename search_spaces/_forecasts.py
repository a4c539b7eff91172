"""What networks share that forecast each target from its own past: where it stands, and what is known ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from automl.signature import Signature
from automl.space import Choice, Int, Space

_TINY = 1e-5  # under the variance of a past that stands still: Kim et al. 2022, equation 1
LEVELS = ("mean_deviation", "mean", "last", "none")


def future_space() -> Choice:
    """How what is known ahead, where there is any, adds to a forecast."""
    return Choice(
        {"none": {}, "linear": {}, "mlp": {"width": Int(8, 64, log=True, prior=16, limits=(1, 4096))}},
        prior="none",
    )


class Level(nn.Module):
    """Takes where a past stands off it, and gives it back to its forecast.

    ``mean_deviation``: Kim et al., "Reversible Instance Normalization for Accurate Time-Series
    Forecasting against Distribution Shift", ICLR 2022, without its affine weights. ``last``: NLinear of
    Zeng et al., "Are Transformers Effective for Time Series Forecasting?", AAAI 2023. ``mean``: the
    first without the deviation.

    Args:
        name: one of `LEVELS`.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        assert name in LEVELS, name
        self.name = name

    def forward(self, past: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The past ``(batch, n_targets, steps)`` relative to its level, the level and the deviation,
        both ``(batch, n_targets, 1)``."""
        last = past[:, :, -1:]
        one = torch.ones_like(last)
        if self.name == "none":
            return past, torch.zeros_like(last), one
        if self.name == "last":
            return past - last, last, one
        mean = past.mean(dim=2, keepdim=True)
        centred = past - mean
        if self.name == "mean":
            return centred, mean, one
        deviation = (centred.square().mean(dim=2, keepdim=True) + _TINY).sqrt()
        return centred / deviation, mean, deviation


class Known(nn.Module):
    """What is known of a step ahead, as a part of the forecast of every target at this step.

    **Shape**: ``(batch, n_known, horizon)`` to ``(batch, n_targets, horizon)``.

    Args:
        settings: a filled `future_space`, not ``none``.
    """

    def __init__(self, settings: Mapping[str, Any], n_known: int, n_targets: int) -> None:
        super().__init__()
        if settings["name"] == "linear":
            self.layers: nn.Module = nn.Linear(n_known, n_targets)
        else:
            width = settings["width"]
            self.layers = nn.Sequential(nn.Linear(n_known, width), nn.GELU(), nn.Linear(width, n_targets))

    def forward(self, future: Tensor) -> Tensor:
        return self.layers(future.transpose(1, 2)).transpose(1, 2)  # type: ignore[no-any-return]


def known_part(settings: Mapping[str, Any], signature: Signature) -> Known | None:
    """The `Known` of a signature, or None where nothing is known ahead or it is not to be used."""
    if "future" not in signature.inputs or settings["name"] == "none":
        return None
    n_known, horizon = signature.inputs["future"].shape
    return Known(settings, n_known, signature.n_outputs // horizon)


def level_space(prior: str) -> Space:
    """The leaf ``level`` of a space."""
    return {"level": Choice(LEVELS, prior=prior)}
