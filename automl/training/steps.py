"""How one batch is learnt from: towards a target, or from the rows alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from automl.family import TrainingRun
from automl.training.devices import multiplies_bfloat16
from automl.training.losses import loss_function
from automl.training.optimizers import optimizer_for

Inputs = Mapping[str, Tensor]


class DescentStep:
    """One step down the gradient of the loss of a batch, cut into `TrainingRun.micro_batches` parts.

    Args:
        loss_of: the loss of some rows, summed, as a function of their inputs and targets.
    """

    def __init__(self, run: TrainingRun, loss_of: Callable[[Inputs, Tensor], Tensor]) -> None:
        self._run = run
        self._loss_of = loss_of
        self._optimizer = optimizer_for(run.network, run.configuration)
        self._weights = [w for group in self._optimizer.param_groups for w in group["params"]]

    @property
    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        return {"main": self._optimizer}

    def __call__(self, inputs: Inputs, target: Tensor) -> Tensor:
        self._optimizer.zero_grad(set_to_none=True)
        n_rows = len(target)
        # A part has at least two rows, since one has no variance to normalise by.
        n_parts = max(1, min(self._run.micro_batches, n_rows // 2))
        total: Tensor | None = None
        for part in range(n_parts):
            rows = slice(part * n_rows // n_parts, (part + 1) * n_rows // n_parts)
            loss = self._loss_of({name: values[rows] for name, values in inputs.items()}, target[rows])
            (loss / n_rows).backward()  # type: ignore[no-untyped-call]
            total = loss.detach() if total is None else total + loss.detach()
        # Pascanu et al., "On the difficulty of training recurrent neural networks", 2013, algorithm 1
        nn.utils.clip_grad_norm_(self._weights, self._run.configuration["clip_norm"], foreach=True)
        self._optimizer.step()
        assert total is not None
        return total


def descent(run: TrainingRun, forward: nn.Module, target: Tensor) -> DescentStep:
    """The step that a family has unless it has one of its own.

    Args:
        forward: the network, perhaps compiled.
        target: of all training rows, as the loss wants it.
    """
    half = precision(run.network, run.device)
    if not run.task.is_supervised:

        def own(inputs: Inputs, _target: Tensor) -> Tensor:
            with half():
                return cast(Tensor, run.network.loss(**inputs)).float().sum()  # type: ignore[operator]

        return DescentStep(run, own)
    loss = loss_function(run.configuration["loss"], run.task, target)
    mixup = float(run.configuration.get("mixup", 0.0))

    def towards_target(inputs: Inputs, wanted: Tensor) -> Tensor:
        if mixup > 0 and _can_be_mixed(inputs):
            blended, others, share = _mixed(inputs, mixup)
            with half():
                outputs = forward(**blended)
            return share * loss(outputs, wanted) + (1 - share) * loss(outputs, wanted[others])
        with half():
            outputs = forward(**inputs)
        return loss(outputs, wanted)

    return DescentStep(run, towards_target)


def precision(network: nn.Module, device: str) -> Callable[[], AbstractContextManager[Any]]:
    """What to compute under: half the bits where that is faster.

    bfloat16 on a GPU, and on a CPU that multiplies it (AMX) for networks that say they gain by it.
    """
    kind = torch.device(device).type
    gains = any(getattr(module, "bfloat16_on_cpu", False) for module in network.modules())
    if kind == "cpu" and not (gains and multiplies_bfloat16()):
        return nullcontext
    return partial(torch.autocast, kind, dtype=torch.bfloat16)


def _can_be_mixed(inputs: Inputs) -> bool:
    return all(values.is_floating_point() or name == "length" for name, values in inputs.items())


def _mixed(inputs: Inputs, alpha: float) -> tuple[dict[str, Tensor], Tensor, float]:
    """Rows blended with others of the batch, which others, and the share of the rows themselves.

    Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018, equation 2.
    """
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    first = next(iter(inputs.values()))
    others = torch.randperm(len(first)).to(first.device)
    blended = {
        name: torch.maximum(values, values[others])
        if name == "length"
        else values.lerp(values[others], 1 - share)
        for name, values in inputs.items()
    }
    return blended, others, share
