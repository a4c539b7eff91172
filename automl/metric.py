"""How predictions are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from automl.task import Array, Task, TaskKind

Goal = Literal["max", "min"]


@dataclass(frozen=True)
class Metric:
    """How predictions are judged; one file in `automl/metrics/` defines one as ``METRIC``.

    Args:
        goal: whether more (``max``) or less (``min``) is better.
        tasks: the kinds of task it judges.
        compute: ``compute(target, prediction) -> score`` in its natural sign, of arrays as `Rows.target`
            says; with `needs`, a third argument.
        ties: the metric that decides between equal scores, where few rows make many of them.
        needs: the name of one of `Task.scales`, ``(n,)``, that it is also given; see `bound`.
        summary: one line for people, with the unit.
        bounds: what scores cannot leave, so that intervals do not either.
        per_row: ``per_row(target, prediction) -> (rows,)`` or ``(rows, k)`` values whose means over the
            rows decide the score, so that scores of many resamples are one matrix product. None where
            there are no such values: then every resample is computed anew.
        from_mean: the score from these means, ``(...,)`` or ``(..., k) -> (...,)``; None where the mean
            is the score.
    """

    name: str
    goal: Goal
    tasks: tuple[TaskKind, ...]
    compute: Callable[..., float]
    summary: str
    per_row: Callable[..., Array] | None = None
    from_mean: Callable[[Array], Array] | None = None
    bounds: tuple[float, float] = (float("-inf"), float("inf"))
    needs: str | None = None
    ties: str | None = None

    def bound(self, scales: Mapping[str, Sequence[float]]) -> Metric:
        """The same metric as a function of target and prediction alone, with what it needs filled in."""
        if self.needs is None:
            return self
        needed = np.asarray(scales[self.needs], np.float64)
        compute, per_row = self.compute, self.per_row
        return replace(
            self,
            needs=None,
            compute=lambda target, prediction: compute(target, prediction, needed),
            per_row=per_row and (lambda target, prediction: per_row(target, prediction, needed)),
        )

    def better(self, one: float, other: float) -> bool:
        """Whether score `one` is strictly better than `other`."""
        return one > other if self.goal == "max" else one < other

    def fits(self, task: Task) -> bool:
        if self.needs is not None and self.needs not in task.scales:
            return False
        return task.kind in self.tasks
