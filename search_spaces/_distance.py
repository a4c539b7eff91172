"""How far a vector lies from the bulk of those that training has seen."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from automl.space import Choice, Float, Space

_MOMENTUM = 0.02  # of the running moments: about the last 50 batches
_WIDEST = 256  # vectors wider than this get a variance for each number, and no covariances


def distance_space() -> Space:
    """`trim` leaves out the strangest rows of each batch; `shrinkage` 1 makes it the distance of Euclid."""
    return {
        "of": Choice(("input", "code", "residual")),
        "trim": Float(0.0, 0.6, prior=0.3, limits=(0.0, 0.9)),
        "shrinkage": Float(1e-3, 1.0, log=True, prior=0.1, limits=(1e-6, 1.0)),
    }


class Distance(nn.Module):
    """The squared distance of Mahalanobis from the running mean, as a mean over the numbers.

    Rows far away in each batch are left out of the moments, as in the concentration steps of Rousseeuw
    & Van Driessen, "A Fast Algorithm for the Minimum Covariance Determinant Estimator", 1999. The
    covariance is shrunk towards a multiple of the identity (Ledoit & Wolf, "A well-conditioned
    estimator for large-dimensional covariance matrices", 2004).

    **Shape**: ``(batch, width)`` to ``(batch,)``.
    """

    mean: Tensor
    covariance: Tensor
    whitening: Tensor
    n_batches: Tensor

    def __init__(self, width: int, trim: float, shrinkage: float) -> None:
        super().__init__()
        self.trim, self.shrinkage, self.full = trim, shrinkage, width <= _WIDEST
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("covariance", torch.eye(width) if self.full else torch.ones(width))
        self.register_buffer("whitening", self.covariance.clone())
        self.register_buffer("n_batches", torch.zeros(()))

    def forward(self, vectors: Tensor) -> Tensor:
        centred = vectors - self.mean
        white = centred @ self.whitening if self.full else centred * self.whitening
        return white.square().mean(1)

    @torch.no_grad()
    def observe(self, vectors: Tensor) -> None:
        """Moves the moments by one batch."""
        vectors = vectors.float()
        with torch.autocast(vectors.device.type, enabled=False):
            distance = self(vectors)
            farthest = distance.kthvalue(max(1, math.ceil((1 - self.trim) * len(distance)))).values
            kept = (distance <= farthest).to(vectors.dtype).unsqueeze(1)
            shares = kept / kept.sum()
            # The first batches count in full, so that what the buffers began with is forgotten at once.
            rate = (1 / (self.n_batches + 1)).clamp_min(_MOMENTUM)
            self.mean.lerp_((shares * vectors).sum(0), rate)
            centred = vectors - self.mean
            spread = (shares * centred).mT @ centred if self.full else (shares * centred.square()).sum(0)
            self.covariance.lerp_(spread, rate)
            self.n_batches += 1

    def train(self, mode: bool = True) -> Distance:
        """Before it is used, the whitening follows the moments."""
        if not mode:
            self._whiten()
        return super().train(mode)

    @torch.no_grad()
    def _whiten(self) -> None:
        covariance = self.covariance.double()
        variance = (covariance.diagonal() if self.full else covariance).mean().clamp_min(1e-12)
        if not self.full:
            shrunk = (1 - self.shrinkage) * covariance + self.shrinkage * variance
            self.whitening.copy_(shrunk.clamp_min(1e-12).rsqrt())
            return
        identity = torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
        shrunk = (1 - self.shrinkage) * covariance + self.shrinkage * variance * identity
        lower = torch.linalg.cholesky(shrunk)
        self.whitening.copy_(torch.linalg.solve_triangular(lower, identity, upper=False).mT)


class Balance(nn.Module):
    """Several scores of a row as one, each divided by its running mean.

    **Shape**: ``(batch, n_scores)`` to ``(batch,)``.
    """

    size: Tensor
    n_batches: Tensor

    def __init__(self, n_scores: int) -> None:
        super().__init__()
        self.register_buffer("size", torch.ones(n_scores))
        self.register_buffer("n_batches", torch.zeros(()))

    def forward(self, scores: Tensor) -> Tensor:
        return (scores / self.size.clamp_min(1e-12)).mean(1)

    @torch.no_grad()
    def observe(self, scores: Tensor) -> None:
        rate = (1 / (self.n_batches + 1)).clamp_min(_MOMENTUM)
        self.size.lerp_(scores.float().median(0).values, rate)
        self.n_batches += 1
