"""Convolutions over the steps of sequences of unequal length: ``(batch, width, n_steps)``."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 10: keeps the variance through a ReLU
_GAIN = 2**0.5


class WeightNormConvolution(nn.Conv1d):
    """A convolution whose kernels are a direction times a trained length.

    Salimans & Kingma, "Weight Normalization", NeurIPS 2016, equation 2.
    """

    def __init__(self, n_in: int, n_out: int, kernel: int, dilation: int = 1) -> None:
        super().__init__(n_in, n_out, kernel, dilation=dilation)
        self.length = nn.Parameter(torch.full((n_out,), _GAIN))

    def forward(self, steps: Tensor) -> Tensor:
        directions = functional.normalize(self.weight.flatten(1), dim=1).view_as(self.weight)
        kernels = directions * self.length.view(-1, 1, 1)
        return functional.conv1d(steps, kernels, self.bias, dilation=self.dilation)


class StepNormalisation(nn.Module):
    """Layer normalisation of the features of each step by itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, steps: Tensor) -> Tensor:
        return self.norm(steps.transpose(1, 2)).transpose(1, 2)  # type: ignore[no-any-return]


def masked(steps: Tensor, valid: Tensor | None) -> Tensor:
    """The steps with 0 where ``valid (batch, 1, n_steps)`` is not."""
    return steps if valid is None else steps * valid
