"""Families with a training loop of their own, under the same face as `Training`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from automl.errors import TrialFailure
from automl.family import Epoch, Family, TrainingRun
from automl.training.devices import failures, randomness
from automl.training.loop import Training
from automl.training.progress import check_finite, progress_of


class OwnLoop:
    """A training by the family's own generator.

    It can be stopped between epochs, but not resumed in another process: what it would need is
    the generator's own affair. The network holds whatever weights the loop left in it.
    """

    def __init__(self, family: Family, run: TrainingRun) -> None:
        assert family.train is not None
        self.run = run
        self._epochs = family.train(run)
        self._progress = progress_of(run.metrics)

    @property
    def curve(self) -> list[Epoch]:
        """The finished epochs."""
        return self._progress.curve

    @property
    def best_epoch(self) -> int:
        """The number of the best epoch by the first metric, the first of equals; 0 before any."""
        return self._progress.best_epoch

    @property
    def best_scores(self) -> dict[str, float]:
        """The validation scores of the best epoch."""
        return self._progress.best_scores

    def epochs(self) -> Iterator[Epoch]:
        """Yields what the family's loop yields, at most `run.epochs`, checked.

        Raises:
            TrialFailure: it diverged, or memory ran out.
        """
        while len(self.curve) < self.run.epochs:
            number = len(self.curve) + 1
            with failures(f"in epoch {number}"), randomness(self.run.seed, number, self.run.device):
                epoch = next(self._epochs, None)
            if epoch is None:
                return
            epoch = self._checked(epoch)
            self._progress.add(epoch)
            yield epoch

    def _checked(self, epoch: Epoch) -> Epoch:
        """The epoch with numbers that JSON can hold; a loop may yield anything."""
        number = len(self.curve) + 1
        loss = _finite(epoch.train_loss, "training loss", number)
        chosen_by = [one.name for one in (self._progress.metric, self._progress.ties) if one is not None]
        given = dict.fromkeys(chosen_by, math.nan) | dict(epoch.scores)
        scores = {name: _finite(score, f"validation {name}", number) for name, score in given.items()}
        return replace(epoch, train_loss=loss, scores=scores)

    def load_best(self) -> None:
        """Nothing: the loop leaves in the network the weights to keep."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Only the mark that there is no state."""
        return {}, {"own_loop": True}

    def restore(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Refuses: such a training begins anew."""
        del tensors, values
        raise TrialFailure(
            "bad_checkpoint", "A family with a training loop of its own cannot go on in the middle."
        )


def _finite(value: Any, what: str, epoch: int) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        message = f"The {what} must be a number, but was {str(value)[:60]!r} in epoch {epoch}."
        raise TrialFailure("error", message) from error
    check_finite(number, what, epoch)
    return number


def start(family: Family, run: TrainingRun) -> Training | OwnLoop:
    """The training of `run`, by the family's own loop where it has one."""
    return Training(run, family.step) if family.train is None else OwnLoop(family, run)
