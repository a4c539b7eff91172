"""Early stopping by asynchronous successive halving, the variant that stops and never pauses.

Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Iterable
from typing import Literal

from automl.errors import SpecError
from automl.metric import Goal


def rungs(epochs: int, first: Literal["auto"] | int = "auto", factor: int = 3) -> tuple[int, ...]:
    """The epoch counts at which trials are compared: ``first * factor^k``, all below `epochs`.

    The automatic first rung is a sixteenth of the epochs, and at least 2: after a single epoch of
    many, scores favour what merely starts fast.

    Raises:
        SpecError: the first rung or the factor makes no ladder.

    >>> rungs(100)
    (6, 18, 54)
    >>> rungs(9), rungs(4)
    ((2, 6), ())
    >>> rungs(27, first=1)
    (1, 3, 9)
    """
    if factor < 2:
        raise SpecError(f"The factor of rungs must be 2 or more, but got {factor}.")
    if isinstance(first, int) and first < 1:
        raise SpecError(f"The first rung must be 1 epoch or later, but got {first}.")
    if first == "auto" and epochs <= 4:
        return ()
    epoch = first if isinstance(first, int) else max(2, round(epochs / 16))
    found = []
    while epoch < epochs:
        found.append(epoch)
        epoch *= factor
    return tuple(found)


class Ladder:
    """The scores at each rung, and who goes on.

    A trial goes on when its best score so far is among the top ``1/factor`` of all scores recorded
    at that rung, its own included; ties go on. While fewer than `factor` are recorded, everyone goes on at the
    first rung, where scores say little, and the best so far at the others. NaN never goes on.

    >>> ladder = Ladder((2, 6), 3, "max")
    >>> [ladder.enter(2, score) for score in (0.5, 0.4, 0.3, 0.6)]
    [True, True, False, True]
    """

    def __init__(self, epochs: Iterable[int], factor: int, goal: Goal) -> None:
        self._sign = 1.0 if goal == "max" else -1.0
        self._factor = factor
        self._scores: dict[int, list[float]] = {epoch: [] for epoch in epochs}  # ascending, more is better

    def __contains__(self, epoch: int) -> bool:
        return epoch in self._scores

    def goes_on(self, epoch: int, score: float | None) -> bool:
        """Whether a trial with this score would go on; nothing is recorded."""
        if score is None or math.isnan(score):
            return False
        recorded, own = self._scores[epoch], self._sign * score
        n = len(recorded) + 1
        n_better = len(recorded) - bisect_right(recorded, own)
        if n < self._factor and epoch == min(self._scores):
            return True
        return n_better < max(1, n // self._factor)

    def record(self, epoch: int, score: float | None) -> None:
        if score is not None and not math.isnan(score):
            insort(self._scores[epoch], self._sign * score)

    def enter(self, epoch: int, score: float | None) -> bool:
        """Record a score; gives whether its trial goes on."""
        goes_on = self.goes_on(epoch, score)
        self.record(epoch, score)
        return goes_on
