"""Where a trial begins to overfit: the validation metric gets no better while the training loss still falls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

LEAST_EPOCHS = 3  # after the best one, before anything is said
LEAST_SHARE = 0.1  # of all epochs, likewise: the best epoch of a noisy curve is often a little before its end
SLIGHT = 0.05  # of what was gained: less lost than that can hardly be told from noise
Curve = Sequence[tuple[int, float]]  # epoch, value; by epoch


@dataclass(frozen=True)
class Overfitting:
    """From when on, and how far the two curves have parted at the end.

    Args:
        epoch: the best one by the validation metric.
        best: the validation metric there.
        last: the middle of the validation metric over the last third of the epochs after it.
        loss: the training loss in the best epoch.
        last_loss: likewise the middle of it over the last third of the epochs after.
        lost: the part of what the validation metric had gained until the best epoch that it has lost again.
    """

    epoch: int
    best: float
    last: float
    loss: float
    last_loss: float
    lost: float

    @property
    def is_slight(self) -> bool:
        return self.lost < SLIGHT


def best_epoch(validation: Curve, goal: str) -> tuple[int, float] | None:
    """The first epoch with the best value, and that value.

    >>> best_epoch([(1, 0.5), (2, 0.3), (3, 0.3)], "min")
    (2, 0.3)
    """
    finite = [point for point in validation if math.isfinite(point[1])]
    sign = -1.0 if goal == "max" else 1.0
    return min(finite, key=lambda point: (sign * point[1], point[0]), default=None)


def overfitting(train_loss: Curve, validation: Curve, goal: str) -> Overfitting | None:
    """Where the training loss still falls after the best validation epoch; None where it does not, or is too short.

    >>> loss = [(epoch, 1 / epoch) for epoch in range(1, 11)]
    >>> overfitting(loss, [(epoch, abs(epoch - 4)) for epoch in range(1, 11)], "min").epoch
    4
    >>> overfitting(loss, loss, "min") is None
    True
    """
    best = best_epoch(validation, goal)
    losses = {epoch: value for epoch, value in train_loss if math.isfinite(value)}
    if best is None or best[0] not in losses:
        return None
    after = [point for point in validation if point[0] > best[0] and math.isfinite(point[1])]
    falling = [value for epoch, value in sorted(losses.items()) if epoch > best[0]]
    if min(len(after), len(falling)) < max(LEAST_EPOCHS, LEAST_SHARE * len(validation)):
        return None
    last_loss, last = _last_third(falling), _last_third([value for _, value in after])
    if last_loss >= losses[best[0]]:
        return None
    gained = abs(next(value for _, value in validation if math.isfinite(value)) - best[1])
    lost = abs(last - best[1]) / gained if gained else 1.0
    return Overfitting(best[0], best[1], last, losses[best[0]], last_loss, lost)


def _last_third(values: Sequence[float]) -> float:
    return median(values[-max(1, len(values) // 3) :])
