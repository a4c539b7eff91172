"""Whether probabilities come true as often as they say."""

from __future__ import annotations

import numpy as np
import polars as pl

from automl.task import Array

N_BINS = 15  # as in Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, table 1
SOURCE = "Guo et al., “On Calibration of Modern Neural Networks”, ICML 2017"


def reliability(said: Array, came_true: Array, n_bins: int = N_BINS) -> pl.DataFrame:
    """By bins of equal width ``(low, high]``: low, high, n, said (mean probability), true (share that came true).

    Bins without rows are left out (Guo et al. 2017, equations 1 and 2).

    Args:
        said: ``(rows,)`` probabilities, of the class predicted or of a yes.
        came_true: ``(rows,)`` 1 where it came true, else 0.

    >>> reliability(np.array([0.9, 0.9, 0.2]), np.array([1, 0, 0]), 2).rows()
    [(0.0, 0.5, 1, 0.2, 0.0), (0.5, 1.0, 2, 0.9, 0.5)]
    """
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    place = np.clip(np.digitize(said, edges, right=True) - 1, 0, n_bins - 1)
    frame = pl.DataFrame(
        {
            "place": place.astype(np.int64),
            "said": said.astype(np.float64),
            "true": came_true.astype(np.float64),
        }
    )
    bins = frame.group_by("place").agg(
        n=pl.len().cast(pl.Int64), said=pl.col("said").mean(), true=pl.col("true").mean()
    )
    bins = bins.sort("place")
    places = bins["place"].to_numpy()
    ends = (pl.Series("low", edges[places]), pl.Series("high", edges[places + 1]))
    return bins.with_columns(*ends).select("low", "high", "n", "said", "true")


def expected_error(bins: pl.DataFrame) -> float:
    """The expected calibration error: the mean distance of what was said from what came true (equation 3).

    >>> round(expected_error(reliability(np.array([0.9, 0.9, 0.2]), np.array([1, 0, 0]), 2)), 4)
    0.3333
    """
    gaps = np.abs(bins["said"].to_numpy() - bins["true"].to_numpy())
    n = bins["n"].to_numpy()
    return float((gaps * n).sum() / n.sum()) if n.sum() else 0.0


def coverage(target: Array, prediction: Array, levels: Array) -> pl.DataFrame:
    """Of each predicted quantile, how often the target lies at or below it: n, said (its level), true (the share).

    Args:
        target: ``(rows,)``.
        prediction: ``(rows, levels)``.

    >>> coverage(np.array([1.0, 2.0]), np.array([[0.0, 3.0], [2.0, 2.5]]), np.array([0.1, 0.9])).rows()
    [(2, 0.1, 0.5), (2, 0.9, 1.0)]
    """
    below = (np.asarray(target)[:, None] <= prediction).mean(axis=0)
    n = np.full(len(levels), len(target), np.int64)
    return pl.DataFrame({"n": n, "said": np.asarray(levels, np.float64), "true": below})
