"""The training loop: it learns, chooses the best epoch, resumes bit by bit and fails by name."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from automl import catalog, training
from automl.errors import SpecError, TrialFailure
from automl.family import Epoch, Family, TrainingRun
from automl.metric import Metric
from automl.signature import Field, Signature
from automl.space import Configuration
from automl.task import Rows, TargetScale, Task, TaskKind
from automl.training.predict import to_predictions

BASE: Configuration = {
    "learning_rate": 3e-3,
    "batch_size": 16,
    "optimizer": {"name": "adamw", "beta1": 0.9},
    "weight_decay": 1e-2,
    "schedule": {"name": "cosine"},
    "warm_up": 0.1,
    "clip_norm": 1.0,
    "initialisation": "default",
}
OPTIMIZERS: list[dict[str, Any]] = [
    {"name": "adamw", "beta1": 0.9},
    {"name": "adam", "beta1": 0.95},
    {"name": "sgd", "momentum": 0.9, "nesterov": True},
    {"name": "sgd", "momentum": 0.0, "nesterov": True},
    {"name": "rmsprop", "smoothing": 0.99},
]
SCHEDULES: list[dict[str, Any]] = [
    {"name": "cosine"},
    {"name": "constant"},
    {"name": "one_cycle", "rise": 0.3},
    {"name": "step", "factor": 0.3, "steps": 2},
]
LOSSES: dict[TaskKind, list[dict[str, Any]]] = {
    "classification": [
        {"name": "cross_entropy", "label_smoothing": 0.1, "class_weights": "balanced"},
        {"name": "cross_entropy", "label_smoothing": 0.0, "class_weights": "none"},
        {"name": "focal", "gamma": 0.5},
    ],
    "regression": [{"name": "squared"}, {"name": "absolute"}, {"name": "huber", "delta": 0.5}],
}
TASKS: dict[TaskKind, Task] = {
    "classification": Task("classification", "y", ("a", "b", "c")),
    "regression": Task("regression", "y"),
}
METRICS: dict[TaskKind, str] = {"classification": "log_loss", "regression": "rmse"}


class Net(nn.Module):
    """Batch normalisation and dropout: the two layers with state and chance."""

    def __init__(self, configuration: Configuration, signature: Signature) -> None:
        super().__init__()
        (n_features,) = signature.inputs["numeric"].shape
        width = int(configuration.get("width", 16))
        self.layers = nn.Sequential(
            nn.Linear(n_features, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(float(configuration.get("dropout", 0.3))),
            nn.Linear(width, signature.n_outputs),
        )

    def forward(self, numeric: Tensor) -> Tensor:
        return torch.as_tensor(self.layers(numeric))


NET = Family(name="net", kinds=("table",), space={}, build=Net, source="a test")


def make_rows(kind: TaskKind, n_rows: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(n_rows, 4)).astype(np.float32)
    signal = numeric[:, 0] - 2 * numeric[:, 1]
    target = (
        np.digitize(signal, [-1, 1]) if kind == "classification" else 100 + 30 * signal.astype(np.float64)
    )
    return Rows({"numeric": numeric}, target, np.arange(n_rows))


def make_run(
    kind: TaskKind = "classification",
    changes: Mapping[str, Any] | None = None,
    epochs: int = 4,
    **settings: Any,
) -> TrainingRun:
    task = TASKS[kind]
    configuration = {**BASE, "loss": LOSSES[kind][0], **(changes or {})}
    signature = Signature("table", {"numeric": Field((4,))}, task.n_outputs)
    train, validation = make_rows(kind, 65, 1), make_rows(kind, 40, 2)
    scale = TargetScale() if kind == "classification" else TargetScale(100.0, 70.0)
    values: dict[str, Any] = {
        "network": training.build_network(NET, configuration, signature, seed=3),
        "configuration": configuration,
        "task": task,
        "train": train,
        "validation": validation,
        "target_scale": scale,
        "metrics": (catalog.metric(METRICS[kind]),),
        "seed": 3,
        "epochs": epochs,
    }
    return TrainingRun(**{**values, **settings})


def weights_of(run: TrainingRun) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in run.network.state_dict().items()}


def assert_same_weights(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
    assert list(one) == list(other)
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.mark.parametrize(("optimizer", "schedule"), list(itertools.product(OPTIMIZERS, SCHEDULES)))
def test_training_resumes_bit_by_bit(optimizer: dict[str, Any], schedule: dict[str, Any]) -> None:
    changes = {"optimizer": optimizer, "schedule": schedule}
    whole = training.Training(make_run(changes=changes))
    curve = list(whole.epochs())
    last = weights_of(whole.run)
    whole.load_best()

    first = training.Training(make_run(changes=changes))
    list(itertools.islice(first.epochs(), 2))
    tensors, values = first.state()
    second = training.Training(make_run(changes=changes))
    torch.rand(5)  # what others drew in between changes nothing
    second.restore(tensors, json.loads(json.dumps(values)))
    assert second.curve == curve[:2]
    assert list(second.epochs()) == curve[2:]
    assert_same_weights(weights_of(second.run), last)
    assert (second.best_epoch, second.best_scores) == (whole.best_epoch, whole.best_scores)
    second.load_best()
    assert_same_weights(weights_of(second.run), weights_of(whole.run))


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_training_learns_with_every_loss(kind: TaskKind, place: int) -> None:
    changes = {"loss": LOSSES[kind][place], "dropout": 0.0, "learning_rate": 1e-2}
    run = make_run(kind, changes, epochs=40)
    loop = training.Training(run)
    curve = list(loop.epochs())
    assert curve[-1].train_loss < curve[0].train_loss
    loop.load_best()
    prediction = training.predict(run.network, run.validation.inputs, run.task, run.target_scale)
    score = run.metrics[0].compute(run.validation.target, prediction)
    assert score == pytest.approx(loop.best_scores[run.metrics[0].name], rel=1e-6)
    guess = np.std(run.validation.target) if kind == "regression" else np.log(3)
    assert score < 0.7 * guess


def test_training_leaves_the_random_state_of_its_caller() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    list(training.Training(make_run()).epochs())
    assert torch.equal(torch.rand(3), expected)


def test_training_can_be_left_and_taken_up_again() -> None:
    whole = list(training.Training(make_run()).epochs())
    loop = training.Training(make_run())
    parts = list(itertools.islice(loop.epochs(), 1))
    parts += list(loop.epochs())
    assert parts == whole
    assert [epoch.number for epoch in parts] == [1, 2, 3, 4]


def test_training_with_another_seed_differs() -> None:
    one = list(training.Training(make_run()).epochs())
    other = list(training.Training(make_run(seed=4)).epochs())
    assert one != other


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("n_parts", [2, 3, 100])
def test_training_in_micro_batches_gives_the_same_gradients(kind: TaskKind, n_parts: int) -> None:
    # Without batch normalisation, whose statistics are those of a part, parts add up to the batch.
    def plain(configuration: Configuration, signature: Signature) -> nn.Module:
        del configuration
        return Linear(signature)

    class Linear(nn.Module):
        def __init__(self, signature: Signature) -> None:
            super().__init__()
            self.layer = nn.Linear(4, signature.n_outputs)

        def forward(self, numeric: Tensor) -> Tensor:
            return torch.as_tensor(self.layer(numeric))

    curves = []
    for parts in (1, n_parts):
        run = make_run(kind, micro_batches=parts)
        family = Family(name="plain", kinds=("table",), space={}, build=plain, source="a test")
        signature = Signature("table", {"numeric": Field((4,))}, run.task.n_outputs)
        network = training.build_network(family, run.configuration, signature, seed=0)
        curves.append(
            [
                e.train_loss
                for e in training.Training(make_run(kind, network=network, micro_batches=parts)).epochs()
            ]
        )
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-4)


def test_training_drops_a_last_batch_of_one_row() -> None:
    epoch = next(training.Training(make_run(changes={"batch_size": 16})).epochs())
    assert epoch.n_examples == 64  # of 65


def test_training_of_one_row_is_refused() -> None:
    with pytest.raises(TrialFailure, match=r"^Training needs at least 2 rows, but there are 1\.$") as caught:
        training.Training(make_run(train=make_rows("classification", 1, 0)))
    assert caught.value.reason == "bad_data"


def test_best_epoch_is_the_first_of_equals() -> None:
    scores = iter([0.5, 0.9, 0.9, 0.1])
    metric = Metric("given", "max", ("classification",), lambda _t, _p: next(scores), "a test")
    loop = training.Training(make_run(metrics=(metric,)))
    list(loop.epochs())
    assert (loop.best_epoch, loop.best_scores) == (2, {"given": 0.9})


def test_training_that_diverges_fails_by_name() -> None:
    changes = {
        "optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": False},
        "learning_rate": 1e38,
        "clip_norm": 1e30,
        "warm_up": 0.0,
    }
    with pytest.raises(
        TrialFailure, match=r"^The (training loss|validation prediction) was \S+ in epoch \d+\.$"
    ) as e:
        list(training.Training(make_run("regression", changes)).epochs())
    assert e.value.reason == "diverged"


@pytest.mark.parametrize(
    ("error", "reason", "message"),
    [
        (
            torch.cuda.OutOfMemoryError("CUDA out of memory. Tried"),
            "out_of_memory_gpu",
            "The GPU's memory was full in",
        ),
        (MemoryError(), "out_of_memory_host", "The machine's memory was full in epoch 1: MemoryError"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            "out_of_memory_host",
            "The machine's memory was full in epoch 1: DefaultCPUAllocator",
        ),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            "out_of_memory_gpu",
            "The GPU's memory was full in epoch 1: CUDA error",
        ),
        (
            OSError(12, "Cannot allocate memory"),
            "out_of_memory_host",
            "The machine's memory was full in epoch 1: ",
        ),
    ],
)
def test_training_without_memory_fails_by_name(error: Exception, reason: str, message: str) -> None:
    class Hungry(Net):
        def forward(self, numeric: Tensor) -> Tensor:
            del numeric
            raise error

    run = make_run()
    signature = Signature("table", {"numeric": Field((4,))}, 3)
    with pytest.raises(TrialFailure, match=message) as caught:
        list(training.Training(make_run(network=Hungry(run.configuration, signature))).epochs())
    assert caught.value.reason == reason


def test_other_errors_of_a_network_are_not_renamed() -> None:
    run = make_run(train=Rows({"numeric": np.zeros((9, 5), np.float32)}, np.zeros(9, np.int64), np.arange(9)))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        list(training.Training(run).epochs())


def test_restore_refuses_the_state_of_another_network() -> None:
    loop = training.Training(make_run())
    next(loop.epochs())
    tensors, values = loop.state()
    other = training.Training(make_run(changes={"width": 8}))
    with pytest.raises(TrialFailure, match=r"^The checkpoint does not fit this training: ") as caught:
        other.restore(tensors, values)
    assert caught.value.reason == "bad_checkpoint"
    fresh = training.Training(make_run(changes={"width": 8}))
    assert next(other.epochs()) == next(fresh.epochs())  # it is as it was


def test_read_only_rows_are_trained_on_without_warning() -> None:
    run = make_run()
    run.train.inputs["numeric"].flags.writeable = False
    run.train.target.flags.writeable = False
    next(training.Training(run).epochs())


def test_predictions_are_probabilities_or_own_units() -> None:
    outputs = torch.tensor([[1.0, 2.0, 3.0]])
    assert to_predictions(outputs, TASKS["classification"], TargetScale()).sum() == pytest.approx(1)
    values = to_predictions(torch.tensor([[1.0], [2.0]]), TASKS["regression"], TargetScale(10.0, 2.0))
    np.testing.assert_array_equal(values, [12.0, 14.0])


def test_predict_is_the_same_in_any_batches_and_leaves_the_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()
    run.network.train()
    arguments = (run.network, run.validation.inputs, run.task, run.target_scale)
    whole = training.predict(*arguments)
    module = sys.modules["automl.training.predict"]
    monkeypatch.setattr(module, "LEAST_ROWS", 1)
    monkeypatch.setattr(module, "MOST_ROWS", 7)
    np.testing.assert_allclose(whole, training.predict(*arguments), rtol=1e-5)
    assert run.network.training


def test_build_network_is_ruled_by_its_seed_alone() -> None:
    signature = Signature("table", {"numeric": Field((4,))}, 3)
    before = torch.random.get_rng_state()
    one, two, other = (training.build_network(NET, BASE, signature, seed) for seed in (0, 0, 1))
    assert torch.equal(before, torch.random.get_rng_state())
    assert_same_weights(one.state_dict(), two.state_dict())
    assert not torch.equal(one.state_dict()["layers.0.weight"], other.state_dict()["layers.0.weight"])


@pytest.mark.parametrize("method", ["default", "kaiming", "xavier", "orthogonal"])
def test_initialisation_changes_weights_and_zeroes_biases(method: str) -> None:
    signature = Signature("table", {"numeric": Field((4,))}, 3)
    plain = training.build_network(NET, BASE, signature, 0).state_dict()
    ours = training.build_network(NET, {**BASE, "initialisation": method}, signature, 0).state_dict()
    assert torch.equal(plain["layers.0.weight"], ours["layers.0.weight"]) == (method == "default")
    assert bool((ours["layers.0.bias"] == 0).all()) == (method != "default")


def test_load_weights_takes_what_matches_and_names_the_rest() -> None:
    source, target = (
        training.build_network(NET, BASE, Signature("table", {"numeric": Field((4,))}, n), 0) for n in (5, 3)
    )
    unmatched = training.load_weights(target, source.state_dict())
    assert unmatched == ["layers.4.weight", "layers.4.bias"]
    assert torch.equal(target.state_dict()["layers.0.weight"], source.state_dict()["layers.0.weight"])


def test_load_weights_of_another_network_is_refused() -> None:
    network = training.build_network(NET, BASE, Signature("table", {"numeric": Field((4,))}, 3), 0)
    with pytest.raises(SpecError, match=r"layers\.0\.weight is \(16, 4\) here and \(2, 2\) there\.$"):
        training.load_weights(network, {"layers.0.weight": torch.zeros(2, 2)})
    with pytest.raises(SpecError, match=r"layers\.0\.weight is missing; they hold other\.$"):
        training.load_weights(network, {"other": torch.zeros(2, 2)})


def test_own_loop_has_the_face_of_a_training() -> None:
    def train(run: TrainingRun) -> Any:
        for number in range(1, 100):
            yield Epoch(number, torch.rand(()).item(), {run.metrics[0].name: abs(number - 2.0)}, 10)

    family = Family("own", ("table",), {}, Net, "a test", train=train)
    first, second = training.start(family, make_run()), training.start(family, make_run())
    assert isinstance(first, training.OwnLoop)
    curve = list(first.epochs())
    assert curve == list(second.epochs())  # chance is seeded here too
    assert (len(curve), first.best_epoch, first.best_scores) == (4, 2, {"log_loss": 0.0})
    assert first.state() == ({}, {"own_loop": True})
    first.load_best()
    with pytest.raises(TrialFailure, match="cannot go on in the middle"):
        first.restore({}, {})


def test_own_loop_that_diverges_fails_by_name() -> None:
    def train(run: TrainingRun) -> Any:
        del run
        yield Epoch(1, float("nan"), {"log_loss": 0.0})

    family = Family("own", ("table",), {}, Net, "a test", train=train)
    with pytest.raises(TrialFailure, match=r"^The training loss was nan in epoch 1\.$"):
        list(training.start(family, make_run()).epochs())


def test_start_takes_the_projects_loop_by_itself() -> None:
    assert isinstance(training.start(NET, make_run()), training.Training)


def test_measures_of_the_machine() -> None:
    assert training.n_parameters(nn.Linear(3, 2)) == 8
    assert training.peak_memory_bytes("cpu") > 2**20
    threads = torch.get_num_threads()
    training.set_threads(1)
    assert torch.get_num_threads() == 1
    training.set_threads(threads)
