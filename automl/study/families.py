"""Which family the next trial is of: each has its chance, then time goes to those that do well.

Shares are of training time, not of trials: configurations of one family may take a hundred times as long
as those of another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from automl.study.history import FamilyRecord
from automl.study.plan import Plan
from automl.study.seeds import derive

N_FIRST = 4  # trials that every family gets before they are compared,
FIRST_SHARE = 0.3  # unless it has used its part of this share of the search's time before
LEAST_SHARE = 0.1  # of the time that every family goes on getting


def choose_family(plan: Plan, families: Mapping[str, FamilyRecord], number: int) -> str:
    """The family of the next trial.

    Each gets a trial of its default configuration, then more first trials, those that used least time
    first. Then the share of a family falls with its rank by the mean of its best three scores, as
    exp(-rank), but never under `LEAST_SHARE`. A family whose cost nobody knows yet, because its first
    trials still run, waits for them where others need not.
    """
    fewest = min(families, key=lambda name: (families[name].had_default, families[name].n_started))
    if not families[fewest].had_default or len(families) == 1:
        return fewest
    seconds = {name: families[name].expected_seconds for name in families}
    if all(math.isinf(value) for value in seconds.values()):
        return fewest
    young = _young(plan, families, seconds)
    if young:
        return min(young, key=lambda name: (seconds[name], families[name].n_started))
    quality = {name: float(np.mean(families[name].ranked[:3] or [math.inf])) for name in families}
    names = [name for name in families if math.isfinite(seconds[name])]
    ranks = np.array([sum(quality[other] < quality[name] for other in names) for name in names], float)
    least = min(LEAST_SHARE, 0.5 / len(names))
    shares = least + (1 - least * len(names)) * np.exp(-ranks) / np.exp(-ranks).sum()
    costs = np.array([families[name].mean_seconds or 0.0 for name in names])
    shares /= np.maximum(costs, max(1e-3 * costs.max(), 1e-9))
    rng = np.random.default_rng(derive(plan.seed, "family", number))
    return names[int(np.searchsorted(np.cumsum(shares), rng.random() * shares.sum(), side="right"))]


def _young(plan: Plan, families: Mapping[str, FamilyRecord], seconds: Mapping[str, float]) -> list[str]:
    """The families that are not compared yet."""
    n_first, budget = N_FIRST, plan.budget
    if budget.trials is not None:
        n_first = max(1, min(N_FIRST, budget.trials // (2 * len(families))))
    whole = math.inf if budget.seconds is None else budget.seconds * max(1, plan.n_workers)
    part = FIRST_SHARE * whole / len(families)
    young = [name for name, record in families.items() if record.n_started < n_first]
    if math.isinf(part):
        return young
    return [name for name in young if seconds[name] < part]
