"""Rows of unequal lengths, end to end in one array."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from automl.task import Array


@dataclass(frozen=True)
class Ragged:
    """Rows of unequal lengths.

    Args:
        values: ``(steps of all rows, ...)``.
        offsets: ``(rows + 1,)`` int64; row i is ``values[offsets[i]:offsets[i + 1]]``.
    """

    values: Array
    offsets: Array

    @classmethod
    def of(cls, rows: Iterable[Array]) -> Ragged:
        """From one array a row, alike in all but the first dimension."""
        parts = list(rows)
        return cls(np.concatenate(parts), np.cumsum([0, *map(len, parts)], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, position: int) -> Array:
        return self.values[self.offsets[position] : self.offsets[position + 1]]

    @property
    def lengths(self) -> Array:
        """``(rows,)`` int64."""
        return np.diff(self.offsets)

    def take(self, positions: Array) -> Ragged:
        """The rows at these positions, in this order."""
        parts = [self[int(position)] for position in positions]
        return Ragged.of(parts) if parts else Ragged(self.values[:0], np.zeros(1, np.int64))

    def padded(self, length: int) -> Array:
        """``(rows, length, ...)``: each row's first steps, zeros after its end."""
        out = np.zeros((len(self), length, *self.values.shape[1:]), self.values.dtype)
        for i in range(len(self)):
            row = self[i][:length]
            out[i, : len(row)] = row
        return out

    def joined(self, other: Ragged) -> Ragged:
        """These rows and the other ones after them."""
        return Ragged(
            np.concatenate([self.values, other.values]),
            np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]]),
        )
