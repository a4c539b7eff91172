"""How likely numbers are, given what a decoder makes of a code."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.space import Choice, Configuration, Float
from search_spaces._fields import Layout, PixelRange

_LEAST_LOG_SCALE = -4.0  # in standardised units: constant numbers would be ever more likely without end


def likelihood_space(kind: str) -> Choice:
    """``learnt`` scales are one for each number of a table, or one for all pixels."""
    scale = {
        "scale": Choice(
            {"learnt": {}, "fixed": {"size": Float(0.05, 1.0, log=True, prior=0.3, limits=(1e-3, 100))}}
        )
    }
    of_image = {"bernoulli": {}} if kind == "image" else {}
    prior = "bernoulli" if kind == "image" else "gaussian"
    return Choice({"gaussian": scale, "laplace": scale, **of_image}, prior=prior)


class Likelihood(nn.Module):
    """Normal or Laplace with a scale, or pixels as shares of their range, taken for chances.

    A learnt scale for all pixels: Rybkin et al., "Simple and Effective VAE Training with Calibrated
    Decoders", ICML 2021, section 3.
    """

    fixed: Tensor

    def __init__(self, settings: Configuration, layout: Layout) -> None:
        super().__init__()
        self.kind = settings["name"]
        self.range = PixelRange(layout.shape) if layout.name == "image" else None
        self.log_scale: nn.Parameter | None = None
        scale = settings.get("scale", {"name": "fixed", "size": 1.0})
        self.register_buffer("fixed", torch.tensor(math.log(scale.get("size", 1.0))), persistent=False)
        if scale["name"] == "learnt" and layout.n_numbers:
            self.log_scale = nn.Parameter(torch.zeros(1 if self.range else layout.n_numbers))

    def observe(self, numbers: Tensor) -> None:
        """Learns from one batch of training in what range pixels lie."""
        if self.range is not None:
            self.range.observe(numbers)

    def errors(self, rebuilt: Tensor, numbers: Tensor) -> Tensor:
        """Minus the log-likelihood of each number, ``(batch, n_numbers)``, in nats."""
        if self.kind == "bernoulli":
            assert self.range is not None
            shares = self.range.shares(numbers)
            return functional.binary_cross_entropy_with_logits(rebuilt, shares, reduction="none")
        log_scale = self._log_scale()
        scaled = (rebuilt - numbers) * torch.exp(-log_scale)
        if self.kind == "laplace":
            return scaled.abs() + log_scale + math.log(2)
        return 0.5 * scaled.square() + log_scale + 0.5 * math.log(2 * math.pi)

    def sample(self, rebuilt: Tensor, noisy: bool) -> Tensor:
        """Numbers ``(batch, n_numbers)`` as expected, or drawn; pixels in the range that was seen."""
        if self.kind == "bernoulli":
            assert self.range is not None
            # Shares are no chances of black and white: pixels drawn by them would be noise.
            return self.range.pixels(rebuilt.sigmoid())
        if noisy and rebuilt.shape[1]:
            rebuilt = rebuilt + torch.exp(self._log_scale()) * self._noise(rebuilt)
        return rebuilt if self.range is None else self.range.pixels(self.range.shares(rebuilt))

    def _noise(self, like: Tensor) -> Tensor:
        if self.kind == "gaussian":
            return torch.randn_like(like)
        share = torch.rand_like(like) - 0.5
        return -share.sign() * torch.log1p(-2 * share.abs().clamp_max(0.5 - 1e-7))

    def _log_scale(self) -> Tensor:
        return self.fixed if self.log_scale is None else self.log_scale.clamp_min(_LEAST_LOG_SCALE)
