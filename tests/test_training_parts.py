"""Schedules, losses and optimisers against what their papers and PyTorch say."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR
from toy_inputs import TASKS

from automl.hyperparameters import training_space
from automl.space import Choice, leaves
from automl.task import TASK_KINDS, Task
from automl.training.losses import loss_function
from automl.training.optimizers import optimizer_for
from automl.training.schedules import rate_factor

CLASSES = Task("classification", "y", ("a", "b", "c"))
VALUES = Task("regression", "y")


@pytest.mark.parametrize("name", ["cosine", "constant", "step", "one_cycle"])
@pytest.mark.parametrize("warm_up", [0.0, 0.1, 1.0])
def test_schedule_stays_between_nothing_and_the_peak(name: str, warm_up: float) -> None:
    schedule = {"name": name, "rise": 0.3, "factor": 0.3, "steps": 2}
    for n_steps in (1, 2, 7, 100):
        factors = [rate_factor(schedule, warm_up, step, n_steps) for step in range(n_steps)]
        assert all(0 < factor <= 1 for factor in factors)


def test_one_cycle_agrees_with_pytorch() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = OneCycleLR(optimizer, max_lr=1.0, total_steps=1000, pct_start=0.3)
    optimizer.step()
    for step in range(1000):
        ours = rate_factor({"name": "one_cycle", "rise": 0.3}, 0.0, step, 1000)
        assert ours == pytest.approx(theirs.get_last_lr()[0], abs=0.01)
        if step < 999:
            theirs.step()


def test_cross_entropy_agrees_with_pytorch() -> None:
    logits, wanted = (
        torch.randn(8, 3, generator=torch.Generator().manual_seed(0)),
        torch.tensor([0, 1, 2, 2] * 2),
    )
    settings = {"name": "cross_entropy", "label_smoothing": 0.1, "class_weights": "none"}
    ours = loss_function(settings, CLASSES, wanted)(logits, wanted)
    assert ours.item() == pytest.approx(
        8 * functional.cross_entropy(logits, wanted, label_smoothing=0.1).item()
    )


def test_balanced_weights_have_mean_one_over_the_rows() -> None:
    wanted = torch.tensor([0, 0, 0, 2])  # class 1 does not occur
    settings = {"name": "cross_entropy", "label_smoothing": 0.0, "class_weights": "balanced"}
    loss = loss_function(settings, CLASSES, wanted)
    even = torch.zeros(4, 3)
    assert loss(even, wanted).item() == pytest.approx(4 * torch.tensor(3.0).log().item())
    assert loss(even[:3], wanted[:3]).item() == pytest.approx(loss(even[3:], wanted[3:]).item())


def test_focal_loss_without_focus_is_cross_entropy() -> None:
    logits, wanted = (
        torch.randn(8, 3, generator=torch.Generator().manual_seed(0)),
        torch.tensor([0, 1, 2, 2] * 2),
    )
    plain = functional.cross_entropy(logits, wanted, reduction="sum").item()
    assert loss_function({"name": "focal", "gamma": 0.0}, CLASSES, wanted)(
        logits, wanted
    ).item() == pytest.approx(plain)
    assert loss_function({"name": "focal", "gamma": 2.0}, CLASSES, wanted)(logits, wanted).item() < plain


def test_focal_loss_of_a_sure_row_has_a_finite_gradient() -> None:
    logits = torch.tensor([[200.0, 0.0, 0.0]], requires_grad=True)
    loss_function({"name": "focal", "gamma": 0.5}, CLASSES, torch.tensor([0]))(
        logits, torch.tensor([0])
    ).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"name": "squared"}, 4.25),
        ({"name": "absolute"}, 2.5),
        ({"name": "huber", "delta": 1.0}, 0.125 + 1.5),
    ],
)
def test_regression_losses_worked_by_hand(settings: dict[str, Any], expected: float) -> None:
    wanted = torch.tensor([0.0, 0.0])
    assert loss_function(settings, VALUES, wanted)(torch.tensor([[0.5], [2.0]]), wanted).item() == expected


def test_weight_decay_spares_biases_and_normalisations() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    configuration = {"learning_rate": 0.1, "weight_decay": 0.5, "optimizer": {"name": "adamw", "beta1": 0.9}}
    decayed, spared = optimizer_for(network, configuration).param_groups
    assert [tuple(weights.shape) for weights in decayed["params"]] == [(3, 2), (1, 3)]
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.5, 0.0)
    assert all(weights.ndim == 1 for weights in spared["params"])


@pytest.mark.parametrize("kind", TASK_KINDS)
def test_every_option_of_the_training_space_is_served(kind: Any) -> None:
    task = TASKS[kind]
    wanted = {
        "classification": torch.tensor([0, 1, 2]),
        "multilabel": torch.eye(3, dtype=torch.int64),
        "forecasting": torch.ones(3, task.n_outputs),
    }.get(kind, torch.tensor([0.0, 1.0, 2.0]))
    for path, leaf in leaves(training_space(kind)):
        if not isinstance(leaf, Choice) or "." in path:
            continue
        for name in leaf.names:
            inner = {
                "rise": 0.3,
                "factor": 0.5,
                "steps": 1,
                "delta": 1.0,
                "gamma": 1.0,
                "label_smoothing": 0.0,
            }
            settings = {
                "name": name,
                "class_weights": "none",
                "positive_weights": "balanced",
                "beta1": 0.9,
                "momentum": 0.9,
                "nesterov": True,
            }
            settings |= {"smoothing": 0.9, **inner}
            if path == "schedule":
                assert rate_factor(settings, 0.0, 0, 10) > 0
            if path == "loss":
                outputs = torch.zeros(3, task.n_outputs)
                assert loss_function(settings, task, wanted)(outputs, wanted).item() > 0
            if path == "optimizer":
                configuration = {"learning_rate": 0.1, "weight_decay": 0.0, "optimizer": settings}
                assert optimizer_for(nn.Linear(2, 2), configuration).param_groups
