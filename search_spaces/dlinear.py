"""Linear forecasts of each target from its own past, whole or parted into trend and rest."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int
from search_spaces._forecasts import Level, future_space, known_part, level_space


class DLinear(nn.Module):
    """``Linear(trend) + Linear(rest)`` of the last steps of each target, relative to where it stands.

    The trend is a moving average (Zeng et al. 2023, section 4); without it there is one linear layer.

    **Shape**: ``past (batch, channels, look_back)``, ``future (batch, n_known, horizon)`` or None, to
    ``(batch, n_targets * horizon)``.
    """

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        horizon = signature.details["horizon"]
        self.n_targets = signature.n_outputs // horizon
        _, look_back = signature.inputs["past"].shape
        self.n_steps = max(1, math.ceil(configuration["look_back_share"] * look_back))
        self.level = Level(configuration["level"])
        parts = configuration["decomposition"]
        self.kernel = 0
        if parts["name"] == "moving_average":
            self.kernel = min(parts["half_width"], self.n_steps - 1) * 2 + 1
        copies = self.n_targets if configuration["weights"] == "own" else 1
        self.rest = _Lines(copies, self.n_steps, horizon)
        self.trend = _Lines(copies, self.n_steps, horizon) if self.kernel else None
        self.dropout = nn.Dropout(configuration["dropout"])
        self.known = known_part(configuration["future"], signature)

    def forward(self, past: Tensor, future: Tensor | None = None) -> Tensor:
        own, level, deviation = self.level(past[:, : self.n_targets, -self.n_steps :])
        if self.trend is None:
            forecast = self.rest(self.dropout(own))
        else:
            # The ends are repeated, so that the average has as many steps as the past.
            side = self.kernel // 2
            padded = functional.pad(own, (side, side), mode="replicate")
            trend = functional.avg_pool1d(padded, self.kernel, stride=1)
            forecast = self.trend(self.dropout(trend)) + self.rest(self.dropout(own - trend))
        if self.known is not None and future is not None:
            forecast = forecast + self.known(future)
        return (forecast * deviation + level).flatten(1)  # type: ignore[no-any-return]


class _Lines(nn.Module):
    """One linear layer from steps to steps ahead for all targets, or one for each.

    **Shape**: ``(batch, n_targets, n_steps)`` to ``(batch, n_targets, horizon)``.
    """

    def __init__(self, copies: int, n_steps: int, horizon: int) -> None:
        super().__init__()
        # Zeng et al. begin with the mean of the past as the forecast, which is smooth over the steps.
        self.weight = nn.Parameter(torch.full((copies, n_steps, horizon), 1 / n_steps))
        self.bias = nn.Parameter(torch.zeros(copies, horizon))

    def forward(self, steps: Tensor) -> Tensor:
        if len(self.weight) == 1:
            return steps @ self.weight[0] + self.bias
        return (steps.transpose(0, 1) @ self.weight).transpose(0, 1) + self.bias


FAMILY = Family(
    name="dlinear",
    kinds=("series",),
    tasks=("forecasting",),
    space={
        "look_back_share": Float(0.25, 1.0, prior=1.0, limits=(0.0, 1.0)),
        **level_space("mean_deviation"),
        "decomposition": Choice(
            {"moving_average": {"half_width": Int(2, 48, log=True, prior=12, limits=(1, 4096))}, "none": {}},
            prior="moving_average",
        ),
        "weights": Choice(("shared", "own"), prior="shared"),
        "dropout": Float(0.0, 0.5, prior=0.0, limits=(0.0, 0.95)),
        "future": future_space(),
        "learning_rate": Float(1e-4, 5e-2, log=True, prior=3e-3, limits=(1e-12, 10.0)),
    },
    build=DLinear,
    source=(
        "Zeng et al., Are Transformers Effective for Time Series Forecasting?, AAAI 2023; levels: Kim et "
        "al., Reversible Instance Normalization for Accurate Time-Series Forecasting against Distribution "
        "Shift, ICLR 2022"
    ),
)
