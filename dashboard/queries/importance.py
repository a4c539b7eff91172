"""How far each parameter alone explains the score.

The scores that count are replaced by their ranks, and the values of a parameter fall into groups: categories as
they are, numbers into up to `BINS` groups of equal size. The share explained is the correlation ratio, eta squared:
the variance of the means of the groups, each weighted by its size, over the variance of all ranks. (Fisher,
"Statistical Methods for Research Workers", 1925, chapter VII; on ranks it is the H of Kruskal and Wallis, 1952,
divided by n - 1.) It is 0 where the parameter says nothing and 1 where it decides the order of the groups.

Chance alone gives ``(n_groups - 1) / (n - 1)`` on average, whatever the scores. The interval is that of a bootstrap
over trials, moved by its bias: a resample adds about as much again as chance gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dashboard.kept import query
from dashboard.queries.parameters import Parameter, Table, table
from dashboard.snapshot import Snapshot

BINS = 8
LEAST = 10  # trials, to say anything
LEAST_IN_GROUP = 5  # on average, of a number's groups
MOST = 2500  # trials, of more a random choice is taken
RESAMPLES = 200
SEED = 0
INTERVAL = (2.5, 97.5)  # percentiles
_SCHEMA = {
    **{"path": pl.String, "column": pl.String, "share": pl.Float64, "low": pl.Float64, "high": pl.Float64},
    **{"chance": pl.Float64, "n_groups": pl.Int64, "n_trials": pl.Int64},
}
_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@query("trials", "epochs")
def importance(snapshot: Snapshot, search_id: str, family: str | None, rung: int | None) -> pl.DataFrame:
    """What `explained` gives for the trials of a search."""
    return explained(table(snapshot, search_id, family, rung))


def explained(found: Table) -> pl.DataFrame:
    """One row a parameter: path, column, share, low, high, chance, n_groups, n_trials.

    Those come first whose whole interval is above chance, by how far; then the others by their share above it.
    Parameters that fewer than `LEAST` of the trials that count have, or that do not vary among these, are left out.
    """
    counted = found.frame.filter("counts")
    if counted.height > MOST:
        counted = counted.sample(MOST, seed=SEED)
    scores = counted["score"].to_numpy()
    weights = resamples(counted.height) if counted.height >= LEAST else np.empty((0, 0))
    rows = [_of(one, counted[one.column], scores, weights) for one in found.parameters]
    frame = pl.DataFrame([row for row in rows if row is not None], schema=_SCHEMA, orient="row")
    surely, above = (pl.col(name) - pl.col("chance") for name in ("low", "share"))
    return frame.sort(surely.clip(0), above, "path", descending=[True, True, False])


def _of(parameter: Parameter, values: pl.Series, scores: _Floats, weights: _Floats) -> dict[str, Any] | None:
    has = values.is_not_null().to_numpy()
    n_trials = int(has.sum())
    if n_trials < LEAST:
        return None
    groups = group(values.drop_nulls(), parameter.is_number)
    n_groups = int(groups.max()) + 1
    if n_groups < 2:
        return None
    ranks = _ranks(scores[has])
    share = float(shares(groups, ranks, np.ones((1, n_trials)))[0])
    drawn = shares(groups, ranks, weights[:, has])
    low, high = np.percentile(drawn, INTERVAL) - (drawn.mean() - share)
    return {
        **{"path": parameter.path, "column": parameter.column, "share": share},
        **{"low": float(np.clip(low, 0, share)), "high": float(np.clip(high, share, 1))},
        **{"chance": (n_groups - 1) / (n_trials - 1), "n_groups": n_groups, "n_trials": n_trials},
    }


def group(values: pl.Series, is_number: bool) -> _Ints:
    """The group of each value, from 0: categories as they are, numbers by their rank; equal values stay together.

    >>> group(pl.Series(["b", "a", "b"]), False).tolist()
    [1, 0, 1]
    >>> group(pl.Series(range(20)), True).tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3]
    """
    n_groups = max(2, min(BINS, len(values) // LEAST_IN_GROUP))
    if is_number and values.n_unique() > n_groups:
        middle = (values.rank("average").to_numpy() - 0.5) / len(values)
        values = pl.Series(np.floor(middle * n_groups))
    return (values.rank("dense").to_numpy() - 1).astype(np.int64)


def shares(groups: _Ints, ranks: _Floats, weights: _Floats) -> _Floats:
    """Eta squared of each of many weightings of the same trials: ``weights`` (k, n) -> (k,).

    >>> group_of, rank = np.array([0, 0, 0, 1, 1, 1]), np.array([1.0, 2, 3, 4, 5, 6])
    >>> shares(group_of, rank, np.ones((1, 6))).round(4).tolist()  # 13.5 between groups, of 17.5 in all
    [0.7714]
    """
    centred = ranks - ranks.mean()
    member = np.zeros((len(groups), int(groups.max()) + 1))  # (n, n_groups)
    member[np.arange(len(groups)), groups] = 1.0
    n_in, sums = weights @ member, weights @ (member * centred[:, None])  # (k, n_groups)
    n, total = n_in.sum(axis=1), sums.sum(axis=1)
    between = (sums**2 / np.maximum(n_in, 1.0)).sum(axis=1)
    mean = np.divide(total**2, n, out=np.zeros_like(n), where=n > 0)
    whole = weights @ centred**2 - mean
    share: _Floats = np.divide(between - mean, whole, out=np.zeros_like(n), where=whole > 1e-9)
    return share.clip(0.0, 1.0)


def resamples(n: int) -> _Floats:
    """How often each of n trials is drawn in each resample: (`RESAMPLES`, n)."""
    drawn = np.random.default_rng(SEED).integers(n, size=(RESAMPLES, n))
    places = drawn + n * np.arange(RESAMPLES)[:, None]
    return np.bincount(places.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n).astype(np.float64)


def _ranks(scores: _Floats) -> _Floats:
    return pl.Series(scores).rank("average").to_numpy().astype(np.float64)
