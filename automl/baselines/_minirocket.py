"""Features of series by fixed convolutions (MiniRocket).

Dempster, Schmidt & Webb, "MiniRocket: A Very Fast (Almost) Deterministic Transform for Time Series
Classification", KDD 2021. All 84 kernels of length 9 with three weights 2 and six weights -1 are dilated up
to the length of the series; a feature is the share of steps at which the output exceeds a bias, which is a
quantile of the output on a training row. Several channels are summed by random subsets.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from automl.task import Array

_LENGTH, _HALF = 9, 4
_TAPS = np.array(list(combinations(range(_LENGTH), 3)))  # (84, 3), where the weight is 2
_WEIGHTS = np.where(np.eye(_LENGTH)[_TAPS].any(axis=1), 2.0, -1.0).astype(np.float32)  # (84, 9)
_MOST_DILATIONS = 32
_MOST_CHANNELS = 9  # in one sum
_BLOCK = 300_000  # outputs of kernels held at a time
_GOLDEN = (np.sqrt(5) + 1) / 2  # its multiples spread evenly over 0 to 1


@dataclass(frozen=True)
class MiniRocket:
    """What was drawn from the training rows.

    Args:
        dilations: the distances of steps, rising.
        channels: by dilation, which channels each kernel sums, ``(84, n_channels)`` 0 or 1.
        biases: by dilation, ``(84, n_biases)``.
    """

    dilations: tuple[int, ...]
    channels: tuple[Array, ...]
    biases: tuple[Array, ...]

    @classmethod
    def fit(cls, series: Array, lengths: Array, n_features: int, random: np.random.Generator) -> MiniRocket:
        """Draw about `n_features` features from series ``(rows, channels, n_steps)`` of these lengths."""
        dilations, counts = _dilations(int(lengths.max()), max(1, n_features // len(_TAPS)))
        channels, biases, n_before = [], [], 0
        for dilation, n_biases in zip(dilations, counts, strict=True):
            chosen = _subsets(series.shape[1], random)
            places = np.arange(n_before + 1, n_before + n_biases * len(_TAPS) + 1) * _GOLDEN % 1
            quantiles = places.reshape(len(_TAPS), n_biases)
            rows = random.integers(0, len(series), len(_TAPS))
            found = [
                np.quantile(
                    _outputs(series[[row], :, : max(1, lengths[row])], dilation, chosen[[k]], _WEIGHTS[[k]]),
                    quantiles[k],
                )
                for k, row in enumerate(rows)
            ]
            channels.append(chosen)
            biases.append(np.array(found, np.float32))
            n_before += quantiles.size
        return cls(dilations, tuple(channels), tuple(biases))

    def __call__(self, series: Array, lengths: Array) -> Array:
        """The features of series ``(rows, channels, n_steps)``: ``(rows, n_features)`` float32."""
        block = max(1, _BLOCK // (len(_TAPS) * series.shape[2]))
        starts = range(0, len(series), block)
        parts = [self._features(series[i : i + block], lengths[i : i + block]) for i in starts]
        return np.concatenate(parts)

    def _features(self, series: Array, lengths: Array) -> Array:
        n_steps, features = series.shape[2], []
        step, one_each = np.arange(n_steps), np.ones(n_steps, np.float32)
        for place, dilation in enumerate(self.dilations):
            outputs = _outputs(series, dilation, self.channels[place], _WEIGHTS)
            n_inside = np.empty(outputs.shape[:2], np.float32)
            # Every other kernel looks only where it lies wholly inside the series.
            for first, margin in ((place % 2, 0), (1 - place % 2, _HALF * dilation)):
                inside = (step >= margin) & (step < lengths[:, None] - margin)  # (rows, n_steps)
                n_inside[:, first::2] = np.maximum(inside.sum(axis=1), 1)[:, None]
                np.copyto(outputs[:, first::2], -np.inf, where=~inside[:, None])
            for bias in self.biases[place].T:
                above = (outputs > bias[:, None]).astype(np.float32) @ one_each  # (rows, 84)
                features.append(above / n_inside)
        return np.concatenate(features, axis=1)


def _dilations(n_steps: int, n_biases: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Distances on an exponential scale, as far as a kernel fits, with the biases of each."""
    n = min(n_biases, _MOST_DILATIONS)
    highest = np.log2(max(1.0, (n_steps - 1) / (_LENGTH - 1)))
    found, counts = np.unique(np.logspace(0, highest, n, base=2).astype(np.int64), return_counts=True)
    counts = counts * (n_biases // n)
    counts[: n_biases - counts.sum()] += 1
    return tuple(map(int, found)), tuple(map(int, counts))


def _subsets(n_channels: int, random: np.random.Generator) -> Array:
    """The channels of each kernel, few more often than many: ``(84, n_channels)``."""
    sizes = 2 ** random.uniform(0, np.log2(min(n_channels, _MOST_CHANNELS) + 1), len(_TAPS))
    chosen = np.zeros((len(_TAPS), n_channels), np.float32)
    for row, size in zip(chosen, sizes.astype(np.int64), strict=True):
        row[random.permutation(n_channels)[:size]] = 1.0
    return chosen


def _outputs(series: Array, dilation: int, channels: Array, weights: Array) -> Array:
    """The kernels over series filled up with zeros on both sides: ``(rows, n_kernels, n_steps)``."""
    n_steps, margin = series.shape[2], _HALF * dilation
    filled = np.pad(series, ((0, 0), (0, 0), (margin, margin)))
    if series.shape[1] == 1:
        taps = [filled[:, 0, i * dilation : i * dilation + n_steps] for i in range(_LENGTH)]
        return np.asarray(weights @ np.stack(taps, axis=1))
    summed = channels @ filled  # (rows, n_kernels, n_steps + 2 margin)
    outputs = np.zeros((len(series), len(weights), n_steps), np.float32)
    for i in range(_LENGTH):
        outputs += weights[:, i, None] * summed[:, :, i * dilation : i * dilation + n_steps]
    return outputs
