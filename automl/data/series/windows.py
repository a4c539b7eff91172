"""Windows over series: which steps ahead belong to which split, and the pasts that come before them.

The splits of a series follow one another in time. A window belongs to the split that all its steps ahead
lie in; its past may reach back into the split before, as is usual since Zhou et al., "Informer", AAAI 2021.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, gcd

import numpy as np

from automl.task import Array

MOST_BYTES = 1_500_000_000  # of the encoded windows of all splits
MOST_TRAINING = 200_000


@dataclass(frozen=True)
class Windows:
    """Places of windows.

    Args:
        series: ``(n,)`` the series that each lies in.
        starts: ``(n,)`` its first step ahead.
        blocks: ``(n,)`` codes of stretches of a series of `horizon` steps, by the first step ahead.
    """

    series: Array
    starts: Array
    blocks: Array

    def __len__(self) -> int:
        return len(self.series)

    def every(self, stride: int) -> Windows:
        """Every so manieth window, the first included."""
        return Windows(self.series[::stride], self.starts[::stride], self.blocks[::stride])


def between(spans: Sequence[tuple[int, int]], look_back: int, horizon: int) -> Windows:
    """Every window whose steps ahead lie in the span of its series, from the first step to before the last.

    >>> between([(4, 8)], look_back=5, horizon=2).starts.tolist()
    [5, 6]
    """
    series, starts, blocks, n_blocks = [], [], [], 0
    for i, (low, high) in enumerate(spans):
        found = np.arange(max(low, look_back), high - horizon + 1)
        series.append(np.full(len(found), i))
        starts.append(found)
        block = (found - found[:1]) // horizon
        blocks.append(n_blocks + block)
        n_blocks += int(block.max(initial=-1)) + 1
    return Windows(*(np.concatenate(parts).astype(np.int64) for parts in (series, starts, blocks)))


def stride_of(n_windows: int, most: int, season: int) -> int:
    """How far apart windows are taken so that at most so many are left.

    It has no divisor in common with the season, so that windows begin at every hour of the day.

    >>> stride_of(1000, 500, 24), stride_of(1000, 300, 24), stride_of(1000, 1000, 24)
    (5, 5, 1)
    """
    stride = max(1, ceil(n_windows / max(most, 1)))
    while stride > 1 and gcd(stride, season) > 1:
        stride += 1
    return stride


def cut(tracks: Sequence[Array], series: Array, starts: Array, size: int) -> Array:
    """The steps from each start on, ``(n, n_columns, size)``, of tracks ``(steps, n_columns)``.

    Args:
        series: ``(n,)`` the track of each, rising.
    """
    out = np.empty((len(series), tracks[0].shape[1], size), tracks[0].dtype)
    begins = np.searchsorted(series, np.arange(len(tracks) + 1))
    for i, (first, last) in enumerate(itertools.pairwise(begins)):
        if first == last:
            continue
        columns = np.ascontiguousarray(tracks[i].T)  # so that the steps of a window lie side by side
        view = np.lib.stride_tricks.sliding_window_view(columns, size, axis=1)
        out[first:last] = view.transpose(1, 0, 2)[starts[first:last]]
    return out
