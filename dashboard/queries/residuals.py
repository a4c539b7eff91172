"""What is left between targets and predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from automl.task import Array

MAX_POINTS = 1500  # of single rows; of more, bins are counted
_N_BINS = (48, 32)  # of predictions, of residuals
_N_BARS = 41
_INNER = (0.005, 0.995)  # between these quantiles the distribution is drawn, where there are enough rows
_ENOUGH = 200


@dataclass(frozen=True)
class Residuals:
    """Targets less predictions, in the target's units.

    Args:
        points: row, prediction, residual of every row; empty where there are more than `MAX_POINTS`.
        bins: low, high, bottom, top, n; empty where there are points.
        bars: low, high, n of the distribution.
        n_beyond: rows that the distribution leaves out at its ends.
        mean, deviation: of the residuals; a mean above 0 says that predictions are too low.
        within: half of the residuals are no larger than this, and nine of ten than that.
    """

    points: pl.DataFrame
    bins: pl.DataFrame
    bars: pl.DataFrame
    n_rows: int
    n_beyond: int
    mean: float
    deviation: float
    within: tuple[float, float]


def residuals(row: Array, target: Array, prediction: Array, most: int = MAX_POINTS) -> Residuals:
    """The residuals of rows with finite numbers, as points or as counts, and their distribution."""
    finite = np.isfinite(target) & np.isfinite(prediction)
    row, target, prediction = (np.asarray(values)[finite] for values in (row, target, prediction))
    left = target - prediction
    points = pl.DataFrame({"row": row, "prediction": prediction, "residual": left})
    bins = pl.DataFrame(schema=dict.fromkeys(("low", "high", "bottom", "top"), pl.Float64) | {"n": pl.Int64})
    if points.height > most:
        points, bins = points.clear(), _bins(prediction, left)
    bars, n_beyond = _bars(left)
    size = np.abs(left)
    within = tuple(float(np.quantile(size, share)) for share in (0.5, 0.9)) if len(left) else (0.0, 0.0)
    mean, deviation = (float(left.mean()), float(left.std())) if len(left) else (0.0, 0.0)
    return Residuals(points, bins, bars, len(left), n_beyond, mean, deviation, (within[0], within[1]))


def _bins(prediction: Array, left: Array) -> pl.DataFrame:
    counts, across, up = np.histogram2d(prediction, left, bins=_N_BINS)
    i, j = np.nonzero(counts)
    ends = {"low": across[i], "high": across[i + 1], "bottom": up[j], "top": up[j + 1]}
    return pl.DataFrame(ends | {"n": counts[i, j].astype(np.int64)})


def _bars(left: Array) -> tuple[pl.DataFrame, int]:
    low, high = (left.min(), left.max()) if len(left) else (0.0, 0.0)
    if len(left) >= _ENOUGH:
        low, high = np.quantile(left, _INNER)
    inner = left[(left >= low) & (left <= high)]
    counts, edges = np.histogram(inner, bins=_N_BARS)
    bars = pl.DataFrame({"low": edges[:-1], "high": edges[1:], "n": counts.astype(np.int64)})
    return bars, len(left) - len(inner)
