"""How a transformer is told the order of its steps."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

POSITIONS = ("learnt", "sine", "rotary", "none")
_LONGEST_WAVE = 10_000.0  # Vaswani et al. 2017, section 3.5; rotary positions take it over


class AddedPositions(nn.Module):
    """Adds a vector for each place: a trained one, or sines and cosines (Vaswani et al. 2017, section 3.5).

    **Shape**: ``(batch, n_steps, width)``, with an even width; the same.
    """

    def __init__(self, name: str, n_steps: int, width: int) -> None:
        super().__init__()
        self.vectors: Tensor
        if name == "learnt":
            self.vectors = nn.Parameter(torch.randn(n_steps, width) * 0.02)
        else:
            angles = _angles(n_steps, width)
            self.register_buffer("vectors", torch.cat([angles.sin(), angles.cos()], 1), persistent=False)

    def forward(self, steps: Tensor) -> Tensor:
        return steps + self.vectors


class RotaryPositions(nn.Module):
    """Turns queries and keys by angles that grow with their place, so that attention sees distances.

    Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021, equation 34; the
    features that turn together are the two halves, not neighbours.

    **Shape**: ``(batch, heads, n_steps, head_width)``, with an even head width; the same.
    """

    def __init__(self, n_steps: int, head_width: int) -> None:
        super().__init__()
        angles = _angles(n_steps, head_width)
        self.cosines: Tensor
        self.sines: Tensor
        self.register_buffer("cosines", angles.cos(), persistent=False)
        self.register_buffer("sines", angles.sin(), persistent=False)

    def forward(self, vectors: Tensor) -> Tensor:
        one, other = vectors.chunk(2, dim=-1)
        turned = [one * self.cosines - other * self.sines, other * self.cosines + one * self.sines]
        return torch.cat(turned, dim=-1).to(vectors.dtype)


def _angles(n_steps: int, width: int) -> Tensor:
    """Places times frequencies: ``(n_steps, width / 2)``."""
    places = torch.arange(n_steps, dtype=torch.float32).unsqueeze(1)
    return places * torch.exp(-math.log(_LONGEST_WAVE) * torch.arange(0, width, 2) / width)
