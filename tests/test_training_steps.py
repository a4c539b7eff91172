"""How batches are learnt from: losses of every task, several predictions a row, mixing, half precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_pinball_loss
from torch import Tensor, nn
from torch.nn import functional
from toy_inputs import LEVELS, TASKS

from automl.family import TrainingRun
from automl.task import Rows, TargetScale
from automl.training.losses import loss_function
from automl.training.predict import to_predictions
from automl.training.steps import descent, precision

BASE: dict[str, Any] = {
    "learning_rate": 0.1,
    "optimizer": {"name": "sgd", "momentum": 0.0, "nesterov": False},
    "weight_decay": 0.0,
    "clip_norm": 1e9,
}
OUTPUTS = torch.tensor([[1.0, -2.0, 0.5], [0.2, 0.1, -1.0]])


def test_labels_are_each_a_yes_or_no() -> None:
    wanted = torch.tensor([[1, 0, 1], [0, 0, 1]])
    plain = loss_function({"name": "cross_entropy", "positive_weights": "none"}, TASKS["multilabel"], wanted)
    expected = functional.binary_cross_entropy_with_logits(OUTPUTS, wanted.float()) * 2
    assert plain(OUTPUTS, wanted).item() == pytest.approx(expected.item())
    focal = loss_function({"name": "focal", "gamma": 2.0}, TASKS["multilabel"], wanted)
    assert 0 < focal(OUTPUTS, wanted).item() < plain(OUTPUTS, wanted).item()
    balanced = loss_function(
        {"name": "cross_entropy", "positive_weights": "balanced"}, TASKS["multilabel"], wanted
    )
    assert torch.isfinite(balanced(OUTPUTS, wanted))


def test_quantiles_are_judged_as_scikit_learn_does() -> None:
    wanted = torch.tensor([0.3, -0.2])
    given = loss_function({"name": "pinball"}, TASKS["quantile"], wanted)(OUTPUTS, wanted).item()
    each = [mean_pinball_loss(wanted, OUTPUTS[:, i], alpha=level) for i, level in enumerate(LEVELS)]
    assert given / 2 == pytest.approx(np.mean(each))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_losses_of_several_predictions_are_averaged(task: Any) -> None:
    several = torch.randn(4, 5, TASKS[task].n_outputs, generator=torch.Generator().manual_seed(0))
    wanted = torch.tensor([0, 1, 2, 1]) if task == "classification" else torch.tensor([0.0, 1.0, 2.0, 1.0])
    settings = {"name": "cross_entropy", "label_smoothing": 0.0, "class_weights": "none"}
    settings = settings if task == "classification" else {"name": "squared"}
    loss = loss_function(settings, TASKS[task], wanted)
    alone = torch.stack([loss(several[:, i], wanted) for i in range(5)])
    assert loss(several, wanted).item() == pytest.approx(alone.mean().item(), rel=1e-5)


def test_several_predictions_are_averaged_after_the_softmax() -> None:
    several = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0))
    given = to_predictions(several, TASKS["classification"], TargetScale())
    np.testing.assert_allclose(given, several.double().softmax(-1).mean(1).numpy())


def test_quantiles_never_cross_and_numbers_come_in_own_units() -> None:
    scale = TargetScale(10.0, 2.0)
    given = to_predictions(OUTPUTS, TASKS["quantile"], scale)
    np.testing.assert_allclose(given, np.sort(OUTPUTS.numpy() * 2.0 + 10.0, axis=1), rtol=1e-6)
    several = to_predictions(OUTPUTS[:, :2], TASKS["regression"], TargetScale((0.0, 5.0), (1.0, 3.0)))
    np.testing.assert_allclose(several, OUTPUTS[:, :2].numpy() * [1.0, 3.0] + [0.0, 5.0], rtol=1e-6)


class Spy(nn.Module):
    """A linear network that remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.seen: list[dict[str, Tensor]] = []

    def forward(self, **inputs: Tensor) -> Tensor:
        self.seen.append(inputs)
        return self.layer(inputs["x"].flatten(1)[:, :2])  # type: ignore[no-any-return]


def spied(inputs: dict[str, Tensor], **settings: Any) -> Spy:
    network = Spy()
    rows = Rows({n: t.numpy() for n, t in inputs.items()}, np.array([0, 1, 2, 0]), np.arange(4))
    loss = {"name": "cross_entropy", "label_smoothing": 0.0, "class_weights": "none"}
    run = TrainingRun(
        network,
        {**BASE, "loss": loss, **settings},
        TASKS["classification"],
        rows,
        rows,
        TargetScale(),
        (),
        0,
        1,
    )
    wanted = torch.from_numpy(rows.target)
    total = descent(run, network, wanted)(inputs, wanted)
    assert torch.isfinite(total)
    return network


def test_mixing_blends_rows_and_takes_the_longer_length() -> None:
    inputs = {"x": torch.eye(4)[:, :2].contiguous(), "length": torch.tensor([1, 2, 3, 4])}
    torch.manual_seed(1)
    (seen,) = spied(inputs, mixup=1.0).seen
    assert not torch.equal(seen["x"], inputs["x"])
    assert (seen["length"] >= inputs["length"]).all()
    assert seen["x"].sum().item() == pytest.approx(inputs["x"].sum().item(), abs=1.0)


def test_codes_cannot_be_blended_and_are_left_alone() -> None:
    inputs = {"x": torch.ones(4, 2), "tokens": torch.ones(4, 3, dtype=torch.int64)}
    (seen,) = spied(inputs, mixup=1.0).seen
    assert torch.equal(seen["x"], inputs["x"])


class Gains(nn.Linear):
    bfloat16_on_cpu = True


def test_half_precision_is_for_networks_that_gain_on_machines_that_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gains, plain = nn.Sequential(Gains(2, 2)), nn.Sequential(nn.Linear(2, 2))
    for has, network, expected in ((True, gains, True), (True, plain, False), (False, gains, False)):
        monkeypatch.setattr("automl.training.steps.multiplies_bfloat16", lambda has=has: has)
        with precision(network, "cpu")():
            assert torch.is_autocast_enabled("cpu") is expected
