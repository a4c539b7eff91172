"""The training loop: every epoch of every family passes here, but for families with a loop of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from automl.errors import TrialFailure
from automl.family import Epoch, MakeStep, TrainingRun
from automl.task import NUMERIC, Rows
from automl.training.devices import failures, randomness
from automl.training.predict import outputs_of, predict, to_predictions, to_tensor, to_tensors
from automl.training.pretraining import pretrain
from automl.training.progress import check_finite, progress_of
from automl.training.schedules import rate_factor
from automl.training.snapshot import restore_optimizer, snapshot_optimizer
from automl.training.steps import descent

# The loss stays on the device; it is looked at this often, so that a diverged epoch ends early.
_STEPS_BETWEEN_CHECKS = 100


class Training:
    """One training of one network.

    ::

        training = Training(run)
        for epoch in training.epochs():    # stop whenever you like, go on by calling it again
            ...
        training.load_best()

    Random numbers of an epoch (the order of the rows, dropout) are a function of (seed, epoch), so
    `state` between two epochs is all that `restore` needs to go on bit by bit as if unbroken.

    Args:
        step: how it learns from a batch, where its family has a way of its own.
        compiled: whether to pass the network through `torch.compile`; heeded on a GPU alone, and
            worth its half minute only for long trainings.
    """

    def __init__(self, run: TrainingRun, step: MakeStep | None = None, *, compiled: bool = False) -> None:
        if len(run.train) < 2:
            raise TrialFailure("bad_data", f"Training needs at least 2 rows, but there are {len(run.train)}.")
        self.run = run
        on_gpu = torch.device(run.device).type == "cuda"
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(run.device)
        with failures("when the data were placed"):
            self._inputs = to_tensors(run.train.inputs, run.device)
            self._target = to_tensor(self._wanted(run.train), run.device)
            self._validation = to_tensors(run.validation.inputs, run.device)
        forward = cast(nn.Module, torch.compile(run.network)) if compiled and on_gpu else run.network
        self._step = (step or partial(descent, forward=forward, target=self._target))(run)
        for optimizer in self._step.optimizers.values():
            for group in optimizer.param_groups:
                group["initial_lr"] = group["lr"]
        self._progress = progress_of(run.metrics)
        self._best: dict[str, Tensor] = {}

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
        """Trains, and yields each epoch after it; begins after the last finished one.

        Raises:
            TrialFailure: it diverged, or memory ran out.
        """
        if not self.curve and self.run.unlabelled is not None:
            with failures("before the first epoch"), randomness(self.run.seed, 0, self.run.device):
                pretrain(self.run)
        while len(self.curve) < self.run.epochs:
            number = len(self.curve) + 1
            with failures(f"in epoch {number}"):
                with randomness(self.run.seed, number, self.run.device):
                    train_loss, n_examples = self._fit(number)
                epoch = Epoch(number, train_loss, self._validate(number), n_examples)
                if self._progress.add(epoch):
                    self._keep_best()
            yield epoch

    def load_best(self) -> None:
        """Puts the weights of the best epoch into the network."""
        self.run.network.load_state_dict(self._best or self.run.network.state_dict())

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All that `restore` needs: tensors (copies, on the CPU) and values that are JSON."""
        tensors = {f"network.{name}": tensor for name, tensor in self.run.network.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self._best.items()}
        for name, optimizer in self._step.optimizers.items():
            tensors |= {f"optimizer.{name}.{key}": t for key, t in snapshot_optimizer(optimizer).items()}
        return {n: t.detach().to("cpu", copy=True) for n, t in tensors.items()}, self._progress.to_plain()

    def restore(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        """Goes back to a `state` of the same run, in a new process or an old one.

        Raises:
            TrialFailure: it is the state of another network or optimiser; this training is as it was.
        """
        before = self.state()
        try:
            self._go_to(tensors, values)
        except (RuntimeError, KeyError, ValueError, TypeError, IndexError) as error:
            self._go_to(*before)
            message = f"The checkpoint does not fit this training: {error}"
            raise TrialFailure("bad_checkpoint", message) from error

    def _go_to(self, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
        self.run.network.load_state_dict(_under("network.", tensors))
        self._best = {n: t.to(self.run.device, copy=True) for n, t in _under("best.", tensors).items()}
        for name, optimizer in self._step.optimizers.items():
            restore_optimizer(optimizer, _under(f"optimizer.{name}.", tensors))
        self._progress.restore(values)

    def _fit(self, number: int) -> tuple[float, int]:
        """One pass over the training rows: the mean loss, and how many rows it saw."""
        run = self.run
        run.network.train()
        batches = self._batches()
        n_steps = run.epochs * len(batches)
        total = torch.zeros((), dtype=torch.float64, device=run.device)
        n_rows = 0
        for place, rows in enumerate(batches):
            step = (number - 1) * len(batches) + place
            factor = rate_factor(run.configuration["schedule"], run.configuration["warm_up"], step, n_steps)
            for optimizer in self._step.optimizers.values():
                for group in optimizer.param_groups:
                    group["lr"] = group["initial_lr"] * factor
            inputs = {name: values.index_select(0, rows) for name, values in self._inputs.items()}
            total += self._step(inputs, self._target.index_select(0, rows))
            n_rows += len(rows)
            run.pulse()
            if place % _STEPS_BETWEEN_CHECKS == _STEPS_BETWEEN_CHECKS - 1:
                check_finite(total.item(), "training loss", number)
        mean_loss = total.item() / n_rows
        check_finite(mean_loss, "training loss", number)
        return mean_loss, n_rows

    def _batches(self) -> list[Tensor]:
        """The rows of each batch, shuffled; a last batch of one row, which has no variance, is left out."""
        order = torch.randperm(len(self._target)).to(self.run.device)
        batches = list(torch.split(order, self.run.configuration["batch_size"]))
        return batches[:-1] if len(batches) > 1 and len(batches[-1]) == 1 else batches

    def _validate(self, number: int) -> dict[str, float]:
        # In full precision on every device, so that the kept model scores the same when it is used.
        run = self.run
        if run.task.kind == "generation":
            prediction = predict(
                run.network, run.validation.inputs, run.task, run.target_scale, run.device, run.features
            )
        else:
            prediction = to_predictions(outputs_of(run.network, self._validation), run.task, run.target_scale)
        check_finite(float(np.sum(prediction)), "validation prediction", number)
        scores = {m.name: m.compute(run.validation.target, prediction) for m in run.metrics}
        for name, score in scores.items():
            check_finite(score, f"validation {name}", number)
        return scores

    def _keep_best(self) -> None:
        weights = self.run.network.state_dict()
        if not self._best:
            self._best = {name: tensor.clone() for name, tensor in weights.items()}
        for name, tensor in weights.items():
            self._best[name].copy_(tensor)

    def _wanted(self, rows: Rows) -> Any:
        if self.run.task.kind in NUMERIC:
            return self.run.target_scale.standardised(rows.target)
        return rows.target


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): tensor for n, tensor in tensors.items() if n.startswith(prefix)}
