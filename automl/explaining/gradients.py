"""Integrated gradients: how much each number that goes into a network adds to what it says.

Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, equations 1 and 3, with the
midpoints of equal steps. The path leads from an average row to the row in question. A code of a category or
of a token has no path of its own: the vector does that the network's embedding has for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from automl.explaining.embeddings import Embedded, Inputs, repeated, replaced, vectors_of
from automl.explaining.question import Question
from automl.task import Array

STEPS = 32
MOST_STEPS = 512  # where 32 leave more of the difference open than `FINE`, of rows of few numbers
FINE = 0.02
_NUMBERS_AT_ONCE = 2**18  # that go into a network; more steps than fit are not worth their time
_TINY = 1e-9


@dataclass(frozen=True)
class Attribution:
    """What each number of one row adds.

    Args:
        fields: by the names of the inputs, of their shape.
        gap: what the parts do not add up to, as a share of what they should; None where that is nothing.
        steps: how many were taken.
    """

    fields: Mapping[str, Array]
    gap: float | None
    steps: int


def integrated(
    network: nn.Module, row: Inputs, embedded: Mapping[str, Embedded], ask: Question
) -> Attribution | None:
    """The attributions of one row, or None where no gradient reaches what goes in.

    Args:
        row: the inputs of one row, ``(1, ...)`` each.
        embedded: of each field of codes but ``length``.
    """
    path = _Path(network, row, embedded, _ends(network, row, embedded), ask)
    with torch.no_grad():
        first, last = path.said(path.at(torch.tensor([0.0, 1.0]))).tolist()
    steps, most, done = STEPS, min(MOST_STEPS, path.at_once), None
    while done is None or (done.gap is not None and done.gap > FINE and 4 * steps <= most):
        steps = STEPS if done is None else 4 * steps
        parts = path.parts(steps)
        if parts is None:
            return None
        done = Attribution(parts, gap_of(parts, last - first), steps)
    return done


def gap_of(parts: Mapping[str, Array], difference: float) -> float | None:
    """How far all parts together are from what they should explain, as a share of it."""
    found = float(sum(part.sum() for part in parts.values()))
    if abs(difference) < _TINY:
        return None
    return abs(found - difference) / abs(difference)


def _ends(
    network: nn.Module, row: Inputs, embedded: Mapping[str, Embedded]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Where the path of each field begins and where it ends; encoded numbers are 0 in their middle."""
    ends = {
        name: (torch.zeros_like(value), value) for name, value in row.items() if value.is_floating_point()
    }
    for name, one in embedded.items():
        ends[name] = (one.start.unsqueeze(0), vectors_of(network, row, one.module))
    return ends


@dataclass(frozen=True)
class _Path:
    """The straight line from a row that says nothing to one row."""

    network: nn.Module
    row: Inputs
    embedded: Mapping[str, Embedded]
    ends: Mapping[str, tuple[Tensor, Tensor]]
    ask: Question

    @property
    def at_once(self) -> int:
        """How many points go through the network together."""
        return max(1, _NUMBERS_AT_ONCE // max(1, sum(last.numel() for _, last in self.ends.values())))

    def at(self, shares: Tensor) -> dict[str, Tensor]:
        """The points at these shares of the path, ``(shares, ...)`` by field."""
        return {
            name: (first + shares.view(-1, *[1] * (last.ndim - 1)) * (last - first)).detach()
            for name, (first, last) in self.ends.items()
        }

    def said(self, points: Inputs) -> Tensor:
        """The number in question at these points, ``(points,)``."""
        inputs = {name: value for name, value in points.items() if name not in self.embedded}
        rest = {name: value for name, value in self.row.items() if name not in inputs}
        n_points = len(next(iter(points.values())))
        vectors = {one.module: points[name] for name, one in self.embedded.items()}
        with replaced(vectors):
            return self.ask(self.network(**inputs, **repeated(rest, n_points)))

    def parts(self, steps: int) -> dict[str, Array] | None:
        """What each number adds; None where no gradient reaches any."""
        sums = {name: torch.zeros_like(last, dtype=torch.float64) for name, (_, last) in self.ends.items()}
        is_reached = False
        for places in torch.split(torch.arange(steps), self.at_once):
            points = {name: v.requires_grad_() for name, v in self.at((places + 0.5) / steps).items()}
            total = self.said(points).sum()
            if not total.requires_grad:
                return None
            gradients = torch.autograd.grad(total, list(points.values()), allow_unused=True)
            for name, gradient in zip(points, gradients, strict=True):
                if gradient is not None:
                    is_reached = True
                    sums[name] += gradient.double().sum(0, keepdim=True)
        if not is_reached:
            return None
        parts = {}
        for name, (first, last) in self.ends.items():
            part = ((last - first).double() * sums[name] / steps)[0]
            parts[name] = (part.sum(-1) if name in self.embedded else part).numpy()
        return parts
