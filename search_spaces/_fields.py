"""The fields of a row as one vector to be encoded, rebuilt or generated, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.signature import Signature
from automl.space import Choice, Float


class Layout(nn.Module):
    """The *units* of a row: its numbers or pixels, then one for each code of each categorical column.

    Of a row that is rebuilt, the units behind the numbers are logits.

    **Shape**: fields by name to ``(batch, width)``, ``width = n_numbers + n_codes``.
    """

    starts: Tensor

    def __init__(self, signature: Signature) -> None:
        super().__init__()
        inputs = signature.inputs
        self.name = next((name for name in ("numeric", "image") if name in inputs), None)
        self.shape = inputs[self.name].shape if self.name else (0,)
        self.cardinalities = inputs["categorical"].cardinalities if "categorical" in inputs else ()
        self.n_numbers, self.n_codes = math.prod(self.shape), sum(self.cardinalities)
        self.width = self.n_numbers + self.n_codes
        starts = torch.tensor((0, *self.cardinalities[:-1])).cumsum(0)
        self.register_buffer("starts", starts, persistent=False)

    @property
    def n_columns(self) -> int:
        """How many numbers and categories a row has."""
        return self.n_numbers + len(self.cardinalities)

    def forward(
        self, numeric: Tensor | None = None, categorical: Tensor | None = None, image: Tensor | None = None
    ) -> Tensor:
        parts = [values.flatten(1) for values in (numeric, image) if values is not None]
        if categorical is not None:
            none = torch.zeros(categorical.shape[0], self.n_codes, device=categorical.device)
            parts.append(none.scatter(1, categorical + self.starts, 1.0))
        return torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]

    def split(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """Numbers ``(batch, n_numbers)`` and what stands for categories ``(batch, n_codes)``."""
        return units[:, : self.n_numbers], units[:, self.n_numbers :]

    def by_column(self, logits: Tensor) -> tuple[Tensor, ...]:
        """Logits ``(batch, n_codes)`` cut into ``(batch, cardinality)`` for each categorical column."""
        return logits.split(self.cardinalities, dim=1) if self.cardinalities else ()

    def expected(self, units: Tensor) -> Tensor:
        """Rebuilt units with the chances of codes instead of their logits."""
        numbers, logits = self.split(units)
        return torch.cat([numbers, *(column.softmax(1) for column in self.by_column(logits))], dim=1)

    def category_errors(self, logits: Tensor, one_hot: Tensor) -> Tensor:
        """The cross-entropy of each categorical column, ``(batch, n_categorical)``, in nats."""
        if not self.cardinalities:
            return logits
        log_chances = torch.cat([column.log_softmax(1) for column in self.by_column(logits)], dim=1)
        given = (log_chances * one_hot).split(self.cardinalities, dim=1)
        return -torch.stack([column.sum(1) for column in given], dim=1)

    def fields(self, numbers: Tensor, logits: Tensor) -> dict[str, Tensor]:
        """The fields of rows with these numbers, and with codes drawn by their logits."""
        found = {} if self.name is None else {self.name: numbers.unflatten(1, self.shape)}
        if self.cardinalities:
            drawn = [torch.multinomial(column.softmax(1), 1) for column in self.by_column(logits)]
            found["categorical"] = torch.cat(drawn, dim=1)
        return found


class PixelRange(nn.Module):
    """The least and the greatest pixel of each channel in the batches that training has seen.

    Pixels are standardised, so that 0 lies between the two from the start.
    """

    low: Tensor
    high: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.repeats = math.prod(shape[1:])
        self.register_buffer("low", torch.zeros(shape[0]))
        self.register_buffer("high", torch.zeros(shape[0]))

    @torch.no_grad()
    def observe(self, pixels: Tensor) -> None:
        """Widens the range by pixels ``(batch, channels * height * width)``."""
        by_channel = pixels.unflatten(1, (-1, self.repeats))
        self.low.copy_(torch.minimum(self.low, by_channel.amin(dim=(0, 2))))
        self.high.copy_(torch.maximum(self.high, by_channel.amax(dim=(0, 2))))

    def shares(self, pixels: Tensor) -> Tensor:
        """Where pixels lie in the range, from 0 to 1."""
        low, size = self._bounds()
        return ((pixels - low) / size).clamp(0, 1)

    def pixels(self, shares: Tensor) -> Tensor:
        """The opposite of `shares`."""
        low, size = self._bounds()
        return low + size * shares

    def _bounds(self) -> tuple[Tensor, Tensor]:
        low = self.low.repeat_interleave(self.repeats)
        return low, (self.high.repeat_interleave(self.repeats) - low).clamp_min(1e-6)


def corruption_space(prior: str) -> Choice:
    """What is done to a row before it is encoded in training.

    Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders", ICML 2008.
    """
    return Choice(
        {
            "none": {},
            "gaussian": {"deviation": Float(0.01, 1.0, log=True, prior=0.1, limits=(0, 100))},
            "masking": {"share": Float(0.05, 0.7, prior=0.2, limits=(0, 0.99))},
        },
        prior=prior,
    )


def corrupted(units: Tensor, layout: Layout, corruption: Mapping[str, Any]) -> Tensor:
    """Units with noise on the numbers, or with some put to 0, the mean of a number and no category."""
    if corruption["name"] == "gaussian":
        numbers, one_hot = layout.split(units)
        return torch.cat([numbers + corruption["deviation"] * torch.randn_like(numbers), one_hot], dim=1)
    if corruption["name"] == "masking":
        return units * (torch.rand_like(units) >= corruption["share"])
    return units


def number_errors(rebuilt: Tensor, numbers: Tensor, error: str) -> Tensor:
    """``squared`` or ``absolute`` error of each number."""
    compare = functional.mse_loss if error == "squared" else functional.l1_loss
    return compare(rebuilt, numbers, reduction="none")
