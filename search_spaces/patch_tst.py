"""A transformer over patches of the past of each target by itself."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.family import Family
from automl.signature import Signature
from automl.space import Choice, Configuration, Float, Int
from search_spaces._forecasts import Level, future_space, known_part, level_space


class PatchTST(nn.Module):
    """``Linear(flatten(layers(patches + places)))`` of each target, with the same weights for all.

    Nie et al. 2023, section 3.1: patches overlap by what `stride_share` leaves, and the last value is
    repeated at the end so that the last patch is whole.

    **Shape**: ``past (batch, channels, look_back)``, ``future (batch, n_known, horizon)`` or None, to
    ``(batch, n_targets * horizon)``.
    """

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        self.horizon = signature.details["horizon"]
        self.n_targets = signature.n_outputs // self.horizon
        _, look_back = signature.inputs["past"].shape
        self.size = min(configuration["patch"], look_back)
        self.stride = max(1, round(configuration["stride_share"] * self.size))
        n_patches = math.ceil((look_back - self.size) / self.stride) + 1
        self.missing = (n_patches - 1) * self.stride + self.size - look_back
        width = configuration["head_width"] * configuration["heads"]
        self.level = Level(configuration["level"])
        self.entry = nn.Linear(self.size, width)
        self.places = nn.Parameter(torch.empty(n_patches, width).uniform_(-0.02, 0.02))
        self.layers = nn.ModuleList(
            _Layer(width, configuration["heads"], configuration["mlp_ratio"], configuration["dropout"])
            for _ in range(configuration["depth"])
        )
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(configuration["dropout"])
        self.head = nn.Sequential(
            nn.Dropout(configuration["head_dropout"]), nn.Linear(n_patches * width, self.horizon)
        )
        self.known = known_part(configuration["future"], signature)

    def forward(self, past: Tensor, future: Tensor | None = None) -> Tensor:
        own, level, deviation = self.level(past[:, : self.n_targets])
        rows = own.flatten(0, 1)  # (batch * n_targets, look_back)
        if self.missing:
            rows = functional.pad(rows.unsqueeze(1), (0, self.missing), mode="replicate").squeeze(1)
        patches = rows.unfold(1, self.size, self.stride)  # (batch * n_targets, n_patches, size)
        steps = self.dropout(self.entry(patches) + self.places)
        for layer in self.layers:
            steps = layer(steps)
        forecast = self.head(self.norm(steps).flatten(1)).unflatten(0, (-1, self.n_targets))
        if self.known is not None and future is not None:
            forecast = forecast + self.known(future)
        return (forecast * deviation + level).flatten(1)  # type: ignore[no-any-return]


class _Layer(nn.Module):
    """Attention, then two linear layers, each added to what comes in after it was normalised.

    Normalised before and not after: Xiong et al., "On Layer Normalization in the Transformer
    Architecture", ICML 2020.
    """

    def __init__(self, width: int, heads: int, mlp_ratio: float, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        hidden = max(1, round(width * mlp_ratio))
        self.first_norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.join = nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout))
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width)
        )
        self.last = nn.Dropout(dropout)

    def forward(self, steps: Tensor) -> Tensor:
        three = self.queries_keys_values(self.first_norm(steps)).unflatten(2, (3, self.heads, -1))
        queries, keys, values = three.permute(2, 0, 3, 1, 4).unbind(0)  # each (rows, heads, n_patches, head)
        mixed = functional.scaled_dot_product_attention(
            queries, keys, values, dropout_p=self.dropout if self.training else 0.0
        )
        steps = steps + self.join(mixed.transpose(1, 2).flatten(2))
        return steps + self.last(self.mlp(self.second_norm(steps)))  # type: ignore[no-any-return]


FAMILY = Family(
    name="patch_tst",
    kinds=("series",),
    tasks=("forecasting",),
    space={
        "patch": Int(8, 48, log=True, prior=16, limits=(1, 4096)),
        "stride_share": Float(0.5, 1.0, prior=1.0, limits=(0.05, 1.0)),
        "depth": Int(1, 3, prior=2, limits=(1, 16)),
        "heads": Choice((1, 2, 4, 8), prior=4, limits=(1, 64)),
        "head_width": Choice((4, 8, 16, 32), prior=16, limits=(1, 256)),
        "mlp_ratio": Float(1.0, 8.0, log=True, prior=4.0, limits=(0.01, 64.0)),
        "dropout": Float(0.0, 0.5, prior=0.2, limits=(0.0, 0.95)),
        "head_dropout": Float(0.0, 0.5, prior=0.3, limits=(0.0, 0.95)),
        **level_space("mean_deviation"),
        "future": future_space(),
        "learning_rate": Float(1e-4, 1e-2, log=True, prior=1e-3, limits=(1e-12, 10.0)),
    },
    build=PatchTST,
    source=(
        "Nie et al., A Time Series is Worth 64 Words: Long-term Forecasting with Transformers, ICLR 2023; "
        "levels: Kim et al., Reversible Instance Normalization, ICLR 2022"
    ),
)
