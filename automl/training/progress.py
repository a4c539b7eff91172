"""The curve of a training and its best epoch, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from automl.errors import TrialFailure
from automl.family import Epoch
from automl.metric import Metric


@dataclass
class Progress:
    """The epochs so far, and which of them is best by `metric`, then by `ties`: the first of equals."""

    metric: Metric
    ties: Metric | None = None
    curve: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0

    @property
    def best_scores(self) -> dict[str, float]:
        return dict(self.curve[self.best_epoch - 1].scores) if self.best_epoch else {}

    def add(self, epoch: Epoch) -> bool:
        """Appends an epoch, and says whether it is the best so far."""
        assert epoch.number == len(self.curve) + 1, (epoch.number, len(self.curve))
        best = self.best_scores
        self.curve.append(epoch)
        is_best = not best or self._is_better(epoch.scores, best)
        if is_best:
            self.best_epoch = epoch.number
        return is_best

    def _is_better(self, one: Mapping[str, float], other: Mapping[str, float]) -> bool:
        name = self.metric.name
        if self.ties is not None and one[name] == other[name]:
            return self.ties.better(one[self.ties.name], other[self.ties.name])
        return self.metric.better(one[name], other[name])

    def to_plain(self) -> dict[str, Any]:
        return {
            "epoch": len(self.curve),
            "best_epoch": self.best_epoch,
            "curve": [
                {"train_loss": e.train_loss, "scores": dict(e.scores), "n_examples": e.n_examples}
                for e in self.curve
            ],
        }

    def restore(self, plain: Mapping[str, Any]) -> None:
        self.curve = [
            Epoch(number, row["train_loss"], dict(row["scores"]), row["n_examples"])
            for number, row in enumerate(plain["curve"], start=1)
        ]
        self.best_epoch = plain["best_epoch"]


def progress_of(metrics: Sequence[Metric]) -> Progress:
    """No epochs yet; the first metric chooses among them."""
    return Progress(metrics[0], next((m for m in metrics if m.name == metrics[0].ties), None))


def check_finite(value: float, what: str, epoch: int) -> None:
    """Raises `TrialFailure` where a number of an epoch is not finite."""
    if not math.isfinite(value):
        raise TrialFailure("diverged", f"The {what} was {value} in epoch {epoch}.")
