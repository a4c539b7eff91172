"""How series become what a network is fed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from automl.data.ragged import Ragged
from automl.data.raw import RawData
from automl.data.series.panel import filled
from automl.errors import DataError
from automl.signature import Field
from automl.task import Array

SERIES = "series"


@dataclass(frozen=True)
class SeriesEncoder:
    """``series`` float32 ``(rows, channels, n_steps)``, and ``length`` int64 ``(rows,)`` where lengths differ.

    Each channel is standardised; what is missing lies on a line between its neighbours; after the end of a
    series there are zeros, and what lies beyond `n_steps` is cut.

    Args:
        n_steps: of the longest series of training.
        varies: whether lengths differ in training.
        every: over how many steps a mean is taken, where series are thinned out.
        mean: of each channel over the training steps.
        deviation: likewise.
        columns: the columns that steps (of a wide table) or channels (of a long one) come from.
        name: the column that tells the series of a long table apart.
    """

    n_steps: int
    varies: bool
    every: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    columns: tuple[str, ...] = ()
    name: str | None = None
    time: str | None = None
    kind: ClassVar[str] = SERIES
    details: ClassVar[Mapping[str, int]] = {}

    @property
    def channels(self) -> int:
        return len(self.mean)

    @property
    def fields(self) -> Mapping[str, Field]:
        fields = {SERIES: Field((self.channels, self.n_steps))}
        return {**fields, "length": Field((), "int64")} if self.varies else fields

    @property
    def options(self) -> Mapping[str, Any]:
        return {}

    def encode(self, raw: RawData) -> dict[str, Array]:
        assert isinstance(raw.values, Ragged)
        came = raw.values.values.shape[1]
        if came != self.channels:
            raise DataError(
                f"The series should have {self.channels} channel{'s' * (self.channels > 1)} as in training, but "
                f"have {came}. Give the same channels in the same order."
            )
        rows = whole(raw.values, self.every, self.mean)
        mean, deviation = (np.asarray(part, np.float32) for part in (self.mean, self.deviation))
        out = np.zeros((len(rows), self.channels, self.n_steps), np.float32)
        for i in range(len(rows)):
            row = rows[i][: self.n_steps]
            out[i, :, : len(row)] = ((row - mean) / deviation).T
        if not self.varies:
            return {SERIES: out}
        return {SERIES: out, "length": np.clip(rows.lengths, 1, self.n_steps).astype(np.int64)}

    def schema(self) -> list[dict[str, Any]]:
        steps = {"steps": self.n_steps * self.every, "channels": self.channels, "varies": self.varies}
        return [{"name": SERIES, "type": SERIES, "required": True, **steps}]

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }, {}


def whole(rows: Ragged, every: int, otherwise: tuple[float, ...]) -> Ragged:
    """The series without gaps, and thinned out to the means of `every` steps.

    Args:
        otherwise: of each channel, where nothing of it is known in a series.
    """
    if len(rows) == 0 or (every == 1 and not np.isnan(rows.values).any()):
        return rows
    return Ragged.of(_thinned(filled(rows[i], otherwise), every) for i in range(len(rows)))


def _thinned(row: Array, every: int) -> Array:
    """The means of so many steps each, the last of what is left over."""
    if every == 1:
        return row
    begins = np.arange(0, len(row), every)
    counts = np.minimum(every, len(row) - begins)[:, np.newaxis]
    return np.asarray(np.add.reduceat(row, begins, axis=0) / counts, np.float32)
