"""Which rows are for training, validation and test: a function of the rows and of `split` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl.errors import DataError
from automl.spec import SplitSpec
from automl.task import Array

DEFAULT_TEST = SplitSpec.model_fields["test"].default


@dataclass(frozen=True)
class Guide:
    """What rows are split by, each ``(rows,)``.

    Args:
        strata: codes of classes whose shares are kept.
        groups: codes of groups that stay together.
        order: what rises with time.
        fixed: positions by split, where the source or a file of its own gives them.
    """

    strata: Array | None = None
    groups: Array | None = None
    order: Array | None = None
    fixed: Mapping[str, Array] | None = None


def split_rows(n_rows: int, split: SplitSpec, guide: Guide) -> dict[str, Array]:
    """Sorted positions of the rows in ``train``, ``validation`` and ``test``: disjoint, covering all.

    The test rows come first and do not depend on ``split.validation``. The shares are of the rows
    that are not given to a split already.

    Raises:
        DataError: too few groups.
    """
    fixed = {name: np.sort(rows) for name, rows in (guide.fixed or {}).items()}
    pool = np.setdiff1d(np.arange(n_rows), np.concatenate([np.empty(0, np.int64), *fixed.values()]))
    n_open = len(pool)
    # Test rows leave one for validation in each class, whether validation has a file of its own or not.
    for stream, (name, share, n_left) in enumerate(
        (("test", split.test, 2), ("validation", split.validation, 1))
    ):
        if name not in fixed:
            assert isinstance(share, float | int), share
            random = np.random.default_rng((split.seed, stream))
            fixed[name] = np.sort(_choose(pool, share * n_open, n_left, random, guide))
            pool = np.setdiff1d(pool, fixed[name])
    return {"train": pool, "validation": fixed["validation"], "test": fixed["test"]}


def _choose(pool: Array, count: float, n_left: int, random: np.random.Generator, guide: Guide) -> Array:
    """About `count` rows of the pool; at least `n_left` classes, groups or rows stay behind."""
    if guide.order is not None:
        by_time = pool[np.argsort(guide.order[pool], kind="stable")]
        n_chosen = int(np.clip(round(count), 1, max(len(pool) - n_left, 1)))
        return by_time[len(pool) - n_chosen :]
    if guide.groups is not None:
        return _choose_groups(pool, guide.groups[pool], count, n_left, random)
    strata = np.zeros(len(pool), np.int64) if guide.strata is None else guide.strata[pool]
    fraction = count / max(len(pool), 1)
    chosen = [_part(pool[strata == stratum], fraction, n_left, random) for stratum in np.unique(strata)]
    return np.concatenate(chosen) if chosen else pool


def _part(rows: Array, fraction: float, n_left: int, random: np.random.Generator) -> Array:
    """At least one row, and at least `n_left` stay behind."""
    n_chosen = int(np.clip(round(fraction * len(rows)), 1, max(len(rows) - n_left, 0)))
    return random.permutation(rows)[:n_chosen]


def _choose_groups(
    pool: Array, groups: Array, count: float, n_left: int, random: np.random.Generator
) -> Array:
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) <= n_left:
        raise DataError(
            f"A split by groups needs at least {n_left + 1} groups here, but there are {len(names)}. "
            "Leave split.by out, or split by a column of more values."
        )
    order = random.permutation(len(names))
    filled = np.cumsum(sizes[order])[: len(names) - n_left]
    n_chosen = int(np.argmin(np.abs(filled - count))) + 1
    return pool[np.isin(groups, names[order[:n_chosen]])]


def sample_rows(n_rows: int, max_rows: int | None, seed: int, strata: Array | None) -> Array:
    """Sorted positions of at most `max_rows` rows, each class in its share and with at least three rows."""
    if max_rows is None or n_rows <= max_rows:
        return np.arange(n_rows)
    random = np.random.default_rng((seed, 3))
    codes = np.zeros(n_rows, np.int64) if strata is None else strata
    kept = []
    for stratum in np.unique(codes):
        rows = np.flatnonzero(codes == stratum)
        n_kept = min(len(rows), max(3, round(max_rows * len(rows) / n_rows)))
        kept.append(random.permutation(rows)[:n_kept])
    return np.sort(np.concatenate(kept))
