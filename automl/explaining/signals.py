"""How recordings, series and forecasts are shown; see `shown.Shown`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from automl.data.raw import RawData
from automl.explaining.occlusion import Fields, Part
from automl.task import Array

MOST_SAMPLES = 2000  # of a recording that are given
_STRETCHES = 48  # of a recording or a series


@dataclass(frozen=True)
class Sounds:
    """One number a sample, or for each of `MOST_SAMPLES` stretches of a longer recording."""

    encoder: Any
    start = "silence"
    hidden = f"one of {_STRETCHES} stretches of the recording is silenced"

    def parts(self, row: Fields) -> Iterator[Part]:
        for stretch in _stretches(self._length(row)):
            mask = np.zeros(row["wave"].shape, bool)
            mask[stretch] = True
            yield {"wave": mask}

    def input(self, row: Fields, raw: RawData | None, place: int) -> dict[str, Any]:  # noqa: ARG002
        length = self._length(row)
        loudest = [part[np.abs(part).argmax()] for part in _cut(row["wave"][:length])]
        return {
            "wave": [round(float(one), 4) for one in loudest],
            "seconds": length / self.encoder.sample_rate,
        }

    def attribution(self, row: Fields, parts: Fields) -> list[float]:
        return [float(part.sum()) for part in _cut(parts["wave"][: self._length(row)])]

    def _length(self, row: Fields) -> int:
        return int(row["length"]) if "length" in row else len(row["wave"])


@dataclass(frozen=True)
class Series:
    """One number a value of each channel."""

    encoder: Any
    start = "a series with the mean of every channel"
    hidden = f"one of {_STRETCHES} stretches of a channel is put to the mean of the channel"

    def parts(self, row: Fields) -> Iterator[Part]:
        yield from _of_channels("series", row["series"], self._length(row))

    def input(self, row: Fields, raw: RawData | None, place: int) -> dict[str, Any]:  # noqa: ARG002
        encoder, length = self.encoder, self._length(row)
        names = (
            encoder.columns if len(encoder.columns) == encoder.channels else range(1, encoder.channels + 1)
        )
        values = _own_units(row["series"], encoder.mean, encoder.deviation)
        return {"names": [str(name) for name in names], "values": _rounded(values[:, :length])}

    def attribution(self, row: Fields, parts: Fields) -> list[list[float]]:
        return _rounded(parts["series"][:, : self._length(row)])

    def _length(self, row: Fields) -> int:
        return int(row["length"]) if "length" in row else row["series"].shape[1]


@dataclass(frozen=True)
class Forecasts:
    """One number a value of each channel of the past; those known ahead, where a network uses them, beside it."""

    encoder: Any
    start = "a past with the mean of every channel"
    hidden = f"one of {_STRETCHES} stretches of a channel is put to the mean of the channel"

    def parts(self, row: Fields) -> Iterator[Part]:
        for name, values in row.items():
            yield from _of_channels(name, values, values.shape[1])

    def input(self, row: Fields, raw: RawData | None, place: int) -> dict[str, Any]:  # noqa: ARG002
        names = self._names()
        found = {"names": names, "values": _rounded(self._in_own_units(row["past"], 0))}
        if "future" in row:
            first = len(names) - len(row["future"])
            ahead = _rounded(self._in_own_units(row["future"], first))
            found |= {"ahead": {"names": names[first:], "values": ahead}}
        return found

    def attribution(self, row: Fields, parts: Fields) -> list[list[float]]:  # noqa: ARG002
        return _rounded(parts["past"])

    def attribution_ahead(self, parts: Fields) -> list[list[float]] | None:
        """Of what is known ahead; None where nothing is."""
        return _rounded(parts["future"]) if "future" in parts else None

    def _names(self) -> list[str]:
        turns = [f"{cycle} ({turn})" for cycle in self.encoder.cycles for turn in ("sine", "cosine")]
        return [*self.encoder.layout.numbers, *turns]

    def _in_own_units(self, values: Array, first: int) -> Array:
        """The channels from number `first` on; sines and cosines are what they are."""
        n_turns = 2 * len(self.encoder.cycles)
        mean, deviation = self.encoder.mean + (0.0,) * n_turns, self.encoder.deviation + (1.0,) * n_turns
        return _own_units(values, mean[first:], deviation[first:])


def _of_channels(name: str, values: Array, length: int) -> Iterator[Part]:
    for channel in range(len(values)):
        for stretch in _stretches(length):
            mask = np.zeros(values.shape, bool)
            mask[channel, stretch] = True
            yield {name: mask}


def _stretches(length: int) -> list[slice]:
    edges = np.linspace(0, length, min(_STRETCHES, length) + 1).round().astype(int).tolist()
    return [slice(low, high) for low, high in pairwise(edges)]


def _cut(values: Array) -> list[Array]:
    return np.array_split(values, min(MOST_SAMPLES, len(values)))


def _own_units(values: Array, mean: Any, deviation: Any) -> Array:
    shift, scale = (np.asarray(part, np.float64)[:, np.newaxis] for part in (mean, deviation))
    return np.asarray(values * scale + shift)


def _rounded(values: Array) -> list[list[float]]:
    """Six significant digits, which is what float32 has."""
    return [[float(f"{value:.6g}") for value in channel] for channel in values.tolist()]
