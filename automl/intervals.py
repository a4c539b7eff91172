"""How far a score on a test set can be trusted: bootstrap replicates, intervals, ranks.

Rows (or whole groups of rows) and seeds are resampled together, with the same rows for every entry,
so that two entries are compared on the same resampled data (Efron & Tibshirani, "An Introduction to
the Bootstrap", 1993). With a handful of seeds a plain bootstrap is too sure of itself: resampled
seeds spread less than seeds do, by ``(n - 1) / n``, and two or three of them make normal quantiles
too narrow. So deviations between seeds are widened by ``sqrt(n / (n - 1))``, and quantiles are
Student's, with the degrees of freedom of Welch and Satterthwaite (1946).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from automl.metric import Metric
from automl.student import t_quantile, t_tail
from automl.task import Array

REPLICATES = 2000
SLOW_REPLICATES = 300  # where each must be computed by itself; sd of a sd is then 4 %
CONFIDENCE = 0.95
_CHUNK = 4_000_000  # weights held at a time


@dataclass(frozen=True)
class Judged:
    """What one entry predicted for the common test rows.

    Args:
        predictions: one array a seed, each ``(rows,)`` or ``(rows, n_classes)``.
    """

    target: Array
    predictions: Sequence[Array]


@dataclass(frozen=True)
class Replicates:
    """Resampled scores of several entries.

    Args:
        scores: ``(entries, replicates)``, column by column on the same resampled rows.
        seed_variance: ``(entries,)``, the variance of each mean score that is due to seeds.
        seed_freedom: ``(entries,)``, the number of seeds less one.
        row_freedom: the number of rows, or groups, less one.
    """

    scores: Array
    seed_variance: Array
    seed_freedom: Array
    row_freedom: int


def replicate(
    entries: Sequence[Judged], metric: Metric, groups: Array | None = None, seed: int = 0
) -> Replicates:
    """Resample rows and seeds of every entry.

    Args:
        groups: ``(rows,)`` codes; where given, whole groups are drawn instead of rows.
    """
    random = np.random.default_rng(seed)
    n_rows = len(entries[0].target)
    codes = np.arange(n_rows) if groups is None else np.unique(groups, return_inverse=True)[1]
    if metric.per_row is None:
        per_seed = _computed(entries, metric, codes, random)
    else:
        per_seed = _weighted(entries, metric, codes, random)
    n_seeds = np.array([len(one.predictions) for one in entries])
    points = [[metric.compute(one.target, p) for p in one.predictions] for one in entries]
    scores = np.stack([_over_seeds(scores, random) for scores in per_seed])
    variance = [np.var(p, ddof=1) / len(p) if len(p) > 1 else 0.0 for p in points]
    return Replicates(scores, np.array(variance), n_seeds - 1, int(codes.max()))


def _draws(codes: Array, n: int, random: np.random.Generator) -> Array:
    """How often each group is drawn in `n` replicates: ``(n, n_groups)``."""
    n_groups = int(codes.max()) + 1
    drawn = random.integers(0, n_groups, size=(n, n_groups), dtype=np.int32)
    drawn += (np.arange(n, dtype=np.int32) * n_groups)[:, None]
    return np.bincount(drawn.ravel(), minlength=n * n_groups).reshape(n, n_groups)


def _weighted(
    entries: Sequence[Judged], metric: Metric, codes: Array, random: np.random.Generator
) -> list[Array]:
    """The score of each seed in each replicate, ``(seeds, replicates)``, from weighted row means."""
    assert metric.per_row is not None
    n_groups = int(codes.max()) + 1
    values = [metric.per_row(one.target, p) for one in entries for p in one.predictions]
    table = np.concatenate([v.reshape(len(codes), -1) for v in values], axis=1)  # (rows, columns)
    sums = np.zeros((n_groups, table.shape[1] + 1))
    np.add.at(sums, codes, np.column_stack([table, np.ones(len(codes))]))
    chunk = max(1, _CHUNK // n_groups)
    means = []
    for begin in range(0, REPLICATES, chunk):
        totals = _draws(codes, min(chunk, REPLICATES - begin), random).astype(np.float64) @ sums
        means.append(totals[:, :-1] / totals[:, -1:])
    mean = np.concatenate(means)  # (replicates, columns)
    found, column = [], 0
    for value in values:
        width = value.size // len(codes)
        part = mean[:, column] if value.ndim == 1 else mean[:, column : column + width]
        found.append(part if metric.from_mean is None else metric.from_mean(part))
        column += width
    return _by_entry(np.stack(found), entries)


def _computed(
    entries: Sequence[Judged], metric: Metric, codes: Array, random: np.random.Generator
) -> list[Array]:
    """The same for a metric that says nothing of its rows: computed anew for every replicate."""
    draws = _draws(codes, SLOW_REPLICATES, random)
    found = np.empty((sum(len(one.predictions) for one in entries), SLOW_REPLICATES))
    for i, counts in enumerate(draws):
        rows = np.repeat(np.arange(len(codes)), counts[codes])
        pairs = ((one.target, p) for one in entries for p in one.predictions)
        found[:, i] = [metric.compute(target[rows], p[rows]) for target, p in pairs]
    return _by_entry(found, entries)


def _by_entry(scores: Array, entries: Sequence[Judged]) -> list[Array]:
    return list(np.split(scores, np.cumsum([len(one.predictions) for one in entries])[:-1]))


def _over_seeds(scores: Array, random: np.random.Generator) -> Array:
    """The mean over resampled seeds, ``(replicates,)``, of scores ``(seeds, replicates)``."""
    n_seeds, n = scores.shape
    if n_seeds == 1:
        return np.asarray(scores[0])
    mean = scores.mean(axis=0)
    shares = random.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=n).T / n_seeds
    return np.asarray(mean + ((scores - mean) * shares).sum(axis=0) * np.sqrt(n_seeds / (n_seeds - 1)))


def intervals(points: Array, replicates: Replicates) -> tuple[Array, Array]:
    """The 95 % interval of each entry: its replicates' percentiles, widened where seeds are few.

    Both ends are NaN where all rows are of one group, which says nothing of how groups differ.
    """
    scores = replicates.scores
    if replicates.row_freedom == 0:
        return np.full(len(points), np.nan), np.full(len(points), np.nan)
    freedom = _freedom(
        scores.var(axis=1), replicates.seed_variance, replicates.seed_freedom, replicates.row_freedom
    )
    tail = (1 - CONFIDENCE) / 2
    stretch = t_quantile(1 - tail, freedom) / NormalDist().inv_cdf(1 - tail)
    centre = scores.mean(axis=1)
    low, high = np.quantile(scores, [tail, 1 - tail], axis=1)
    return points - (centre - low) * stretch, points + (high - centre) * stretch


def within_bounds(low: Array, high: Array, metric: Metric, n_rows: int) -> tuple[Array, Array]:
    """The ends of intervals kept inside what the metric can be.

    Where every row was right, or every one wrong, resampling rows finds no spread; then the interval
    reaches ``3 / n_rows`` from the bound (Hanley & Lippman-Hand, "If Nothing Goes Wrong, Is Everything All
    Right?", JAMA 1983), as far as a rate can be that showed itself in none of so many rows.
    """
    least, most = metric.bounds
    low, high = np.clip(low, least, most), np.clip(high, least, most)
    if metric.per_row is not None and metric.from_mean is None and np.isfinite([least, most]).all():
        reach = min(1.0, 3 / n_rows) * (most - least)
        low = np.where(low == most, most - reach, low)
        high = np.where(high == least, least + reach, high)
    return low, high


def ranks(points: Array, replicates: Replicates, goal: str) -> Array:
    """One more than the number of entries that are significantly better than each.

    All pairs are tested; their chances of error together are kept to 5 % by Holm's procedure (1979).
    """
    n = len(points)
    if replicates.row_freedom == 0:
        return np.ones(n, np.int64)
    one, other = np.triu_indices(n, 1)
    spread = np.cov(replicates.scores) if n > 1 else np.zeros((1, 1))
    variance = np.maximum(spread[one, one] + spread[other, other] - 2 * spread[one, other], 0.0)
    seeds, freedom = replicates.seed_variance, np.maximum(replicates.seed_freedom, 1)
    shares = seeds[one] ** 2 / freedom[one] + seeds[other] ** 2 / freedom[other]
    rest = np.maximum(variance - seeds[one] - seeds[other], 0.0)
    shares = shares + rest**2 / max(replicates.row_freedom, 1)
    difference = points[one] - points[other]
    varies = variance > 1e-24
    safe = np.where(varies, variance, 1.0)
    chances = t_tail(np.abs(difference) / np.sqrt(safe), np.square(safe) / np.where(varies, shares, 1.0))
    chances = np.where(varies, chances, np.abs(difference) < 1e-12)
    sure = holm(chances, 1 - CONFIDENCE)
    better = difference > 0 if goal == "max" else difference < 0
    losers = np.where(better, other, one)[sure]
    return np.asarray(1 + np.bincount(losers, minlength=n))


def holm(chances: Array, level: float) -> Array:
    """Which null hypotheses are rejected together at this level.

    >>> holm(np.array([0.01, 0.04, 0.03]), 0.05).tolist()
    [True, False, False]
    """
    order = np.argsort(chances, kind="stable")
    passed = chances[order] <= level / np.arange(len(chances), 0, -1)
    rejected = np.zeros(len(chances), bool)
    rejected[order[: len(passed) if passed.all() else int(np.argmin(passed))]] = True
    return rejected


def _freedom(variance: Array, seed_variance: Array, seed_freedom: Array, row_freedom: int) -> Array:
    """The effective degrees of freedom of a variance made up of seeds and of rows."""
    rest = np.maximum(variance - seed_variance, 0.0)
    shares = seed_variance**2 / np.maximum(seed_freedom, 1) + rest**2 / max(row_freedom, 1)
    total = (seed_variance + rest) ** 2
    return np.where(shares > 0, total / np.where(shares > 0, shares, 1.0), np.inf)
