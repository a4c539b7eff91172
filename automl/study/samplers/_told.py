"""What a model keeps of the trials that it was told, so that it is as fast after any number of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from automl.metric import Goal
from automl.space import Scalar
from automl.study.sampler import Outcome


@dataclass(frozen=True)
class Told:
    """One trial in the model's history; `place` orders running and finished ones together."""

    number: int
    place: int
    values: Mapping[str, Scalar]
    outcome: Outcome | None = None


def kept(finished: list[Told], cap: int, goal: Goal) -> list[Told]:
    """The best half of the cap and, of the others, the most recent ones, in their order."""
    by_quality = sorted(finished, key=lambda entry: _badness(entry, goal))
    best = {entry.place for entry in by_quality[: cap // 2]}
    others = [entry for entry in finished if entry.place not in best]
    recent = {entry.place for entry in others[len(others) - (cap - len(best)) :]}
    return [entry for entry in finished if entry.place in best | recent]


def _badness(entry: Told, goal: Goal) -> tuple[float, float, float]:
    """Ascending from the best: feasible complete trials by score, then stopped ones by epoch, score."""
    outcome = entry.outcome
    assert outcome is not None
    sign = -1.0 if goal == "max" else 1.0
    if not outcome.feasible:
        return (2.0, 0.0, 0.0)
    if outcome.state == "complete":
        return (0.0, 0.0, sign * outcome.scores[0])
    epoch, score = max(outcome.curve, default=(0, math.inf * sign))
    return (1.0, float(-epoch), sign * score)
