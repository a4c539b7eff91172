"""Every family keeps the contract of `automl.family.Family`; new files are picked up by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor
from toy_inputs import TASKS, random_inputs, shapes, signature_of, toy_features, toy_rows

from automl import catalog, onnx_export, training
from automl.family import Family, TrainingRun
from automl.predictor import Predictor
from automl.signature import Signature
from automl.space import (
    Chooser,
    Configuration,
    Float,
    Int,
    Leaf,
    Scalar,
    default,
    fill,
    flatten,
    leaves,
)
from automl.space_notation import override
from automl.task import KINDS, Array, TargetScale, TaskKind

# A network is not built with more weights than this here: the largest one is made of halved ranges.
MOST_PARAMETERS = 2_000_000
NO_PREPROCESSING = SimpleNamespace(features=None)  # for rows that are encoded already


# A network for labels differs from task to task only in how many numbers it gives.
SAME_NETWORK = ("multilabel", "regression", "quantile")


def cases(*left_out: str) -> Iterator[tuple[str, TaskKind, str]]:
    for name in catalog.names("family"):
        family = catalog.family(name)
        for kind in family.kinds:
            for task in TASKS:
                if family.fits(kind, task) and task not in left_out:
                    yield name, task, kind


def random_chooser(seed: int) -> Chooser:
    rng = np.random.default_rng(seed)

    def choose(_path: str, leaf: Leaf) -> Scalar:
        if isinstance(leaf, Int):
            return int(rng.integers(leaf.low, leaf.high + 1))
        if isinstance(leaf, Float):
            return float(rng.uniform(leaf.low, leaf.high))
        return leaf.names[int(rng.integers(len(leaf.names)))]

    return choose


def edge_chooser(edge: str, option: int) -> Chooser:
    """The low or the high end of every range, and option number `option` (or the last) of every choice."""

    def choose(_path: str, leaf: Leaf) -> Scalar:
        if isinstance(leaf, Int | Float):
            return leaf.low if edge == "low" else leaf.high
        return leaf.names[min(option, len(leaf.names) - 1)]

    return choose


def smaller(family: Family, configuration: Configuration, signature: Signature) -> Configuration:
    """`configuration` with its widest whole number halved until the network is small enough to test."""
    while True:
        with torch.device("meta"):
            if training.n_parameters(family.build(configuration, signature)) <= MOST_PARAMETERS:
                return configuration
        widest = max((k for k, v in configuration.items() if type(v) is int), key=lambda k: configuration[k])
        configuration = {**configuration, widest: configuration[widest] // 2}


def standard(family: Family, task: TaskKind, kind: str) -> Configuration:
    configuration = fill(family.full_space(task, kind), default)
    return {**configuration, "batch_size": 32} if "batch_size" in configuration else configuration


def outputs(network: torch.nn.Module, inputs: dict[str, Array], task: TaskKind) -> Tensor:
    """What the network says of these rows: its outputs, or the losses of what it generates."""
    tensors = {name: torch.from_numpy(values) for name, values in inputs.items()}
    if task == "generation":
        with torch.random.fork_rng():
            torch.manual_seed(0)
            made = network.generate(len(next(iter(inputs.values()))))  # type: ignore[operator]
        assert {n: (t.shape, t.dtype) for n, t in made.items()} == {
            n: (t.shape, t.dtype) for n, t in tensors.items()
        }
        return torch.cat([t.flatten(1).float() for t in made.values()], dim=1)
    result = network(**tensors)
    assert isinstance(result, Tensor)
    return result


def losses(network: torch.nn.Module, inputs: dict[str, Array], task: TaskKind) -> Tensor:
    """Something to go down from."""
    if TASKS[task].is_supervised:
        return outputs(network, inputs, task).square().mean()
    tensors = {name: torch.from_numpy(values) for name, values in inputs.items()}
    loss = network.loss(**tensors)  # type: ignore[operator]
    assert loss.shape == (len(next(iter(inputs.values()))),)
    assert isinstance(loss, Tensor)
    return loss.mean()


def training_run(
    family: Family, task: TaskKind, kind: str, configuration: Configuration, epochs: int
) -> TrainingRun:
    signature = signature_of(kind, task)
    return TrainingRun(
        network=training.build_network(family, configuration, signature, seed=0),
        configuration=configuration,
        task=TASKS[task],
        train=toy_rows(signature, TASKS[task], 96, 0),
        validation=toy_rows(signature, TASKS[task], 48, 1),
        target_scale=TargetScale(),
        metrics=catalog.metrics_for(TASKS[task]),
        seed=0,
        epochs=epochs,
        features=toy_features,
    )


CASES = list(cases(*SAME_NETWORK))
TRAINED = list(cases("multilabel", "quantile"))


@pytest.mark.parametrize("name", catalog.names("family"))
def test_family_cites_its_source_and_says_what_it_serves(name: str) -> None:
    family = catalog.family(name)
    assert any(letter.isdigit() for letter in family.source), "a source has a year"
    assert family.kinds
    assert set(family.kinds) <= set(KINDS)
    assert all(any(family.fits(kind, task) for task in TASKS) for kind in family.kinds)
    assert all(any(family.fits(kind, task) for kind in KINDS) for task in family.tasks)


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_space_fills_to_json_and_back(name: str, task: TaskKind, kind: str) -> None:
    space = catalog.family(name).full_space(task, kind, pretrains=True)
    assert not any("." in key for key in space)
    for choose in (default, *map(random_chooser, range(5))):
        configuration = fill(space, choose)
        assert json.loads(json.dumps(configuration)) == configuration
        assert flatten(space, configuration)


@pytest.mark.parametrize("name", catalog.names("family"))
def test_family_ranges_have_limits_that_make_sense(name: str) -> None:
    family = catalog.family(name)
    for path, leaf in (leaf for kind in family.kinds for leaf in leaves(family.architecture(kind))):
        if isinstance(leaf, Int | Float):
            low, high = leaf.limits
            assert low <= leaf.low, path
            assert leaf.high <= high < float("inf"), (
                f"{path} needs limits, which a stranger's bundle is held to"
            )


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_builds_everywhere_in_its_space(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    space = family.full_space(task, kind)
    choosers = [default, *map(random_chooser, range(3))]
    choosers += [edge_chooser(edge, option) for edge in ("low", "high") for option in (0, 1, 2)]
    for number, choose in enumerate(choosers):
        signature = signature_of(kind, task, number)
        configuration = smaller(family, fill(space, choose), signature)
        network = training.build_network(family, configuration, signature, seed=0)
        network.eval()
        with torch.no_grad():
            given = outputs(network, random_inputs(signature, 3), task)
        assert given.shape[0] == 3
        assert TASKS[task].n_outputs in (0, given.shape[-1])
        assert given.ndim in (2, 3)
        assert given.dtype == torch.float32
        assert given.isfinite().all()


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_serves_every_shape_of_input(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    if family.step is not None:
        pytest.skip("it has a step of its own, which the test of learning takes")
    for place in range(len(shapes(kind, task))):
        signature = signature_of(kind, task, place)
        network = training.build_network(family, standard(family, task, kind), signature, seed=0)
        network.train()
        losses(network, random_inputs(signature, 2), task).backward()  # type: ignore[no-untyped-call]
        lacking = [n for n, w in network.named_parameters() if w.requires_grad and w.grad is None]
        assert not lacking, "weights that nothing uses"


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_judges_each_row_by_itself(name: str, task: TaskKind, kind: str) -> None:
    if task == "generation":
        pytest.skip("generated rows answer to no others")
    family = catalog.family(name)
    for place in range(len(shapes(kind, task))):
        signature = signature_of(kind, task, place)
        network = training.build_network(family, standard(family, task, kind), signature, seed=0).eval()
        inputs = random_inputs(signature, 4)
        with torch.no_grad():
            together = outputs(network, inputs, task)
            alone = [outputs(network, {n: v[i : i + 1] for n, v in inputs.items()}, task) for i in range(4)]
        torch.testing.assert_close(torch.cat(alone), together, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "task", "kind"), TRAINED)
def test_family_learns_a_toy_task(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    run = training_run(family, task, kind, standard(family, task, kind), epochs=6)
    curve = list(training.start(family, run).epochs())
    assert [epoch.number for epoch in curve] == list(range(1, len(curve) + 1))
    assert set(curve[0].scores) == {metric.name for metric in run.metrics}
    if family.step is None:  # the losses of adversaries say nothing
        first = curve[0].train_loss
        assert min(epoch.train_loss for epoch in curve[1:]) < first - 0.02 * abs(first)


@pytest.mark.parametrize("task", ["multilabel", "quantile"])
@pytest.mark.parametrize(("name", "kind"), [("mlp", "table"), ("tabm", "table"), ("cnn", "image")])
def test_any_family_learns_labels_and_quantiles(name: str, kind: str, task: TaskKind) -> None:
    family = catalog.family(name)
    run = training_run(family, task, kind, standard(family, task, kind), epochs=6)
    curve = list(training.start(family, run).epochs())
    assert min(epoch.train_loss for epoch in curve[1:]) < 0.9 * curve[0].train_loss


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_goes_on_from_a_checkpoint_as_if_unbroken(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    if family.train is not None:
        pytest.skip("a loop of its own cannot be resumed")
    configuration = standard(family, task, kind)
    whole = training.start(family, training_run(family, task, kind, configuration, epochs=3))
    for epoch in whole.epochs():
        if epoch.number == 2:
            tensors, values = whole.state()
    broken = training.start(family, training_run(family, task, kind, configuration, epochs=3))
    broken.restore(load(save(tensors)), json.loads(json.dumps(values)))
    assert [epoch.number for epoch in broken.epochs()] == [3]
    assert broken.curve == whole.curve
    ours, theirs = (one.run.network.state_dict() for one in (broken, whole))
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_comes_back_from_its_weights_alone(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    signature = signature_of(kind, task)
    for choose in (default, random_chooser(7)):
        configuration = smaller(family, fill(family.full_space(task, kind), choose), signature)
        one, other = (training.build_network(family, configuration, signature, seed) for seed in (0, 1))
        with torch.no_grad():  # a step in training mode, so that running statistics count too
            if family.step is None:
                losses(one.train(), random_inputs(signature, 8), task)
        weights = {n: t.contiguous().clone() for n, t in one.state_dict().items()}
        other.load_state_dict(load(save(weights)))
        inputs = random_inputs(signature, 3)
        with torch.no_grad():
            assert torch.equal(outputs(one.eval(), inputs, task), outputs(other.eval(), inputs, task))


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_lays_out_its_weights_without_memory(name: str, task: TaskKind, kind: str) -> None:
    """A bundle is compared with this layout before any memory is taken for it."""
    family = catalog.family(name)
    signature = signature_of(kind, task)
    configuration = standard(family, task, kind)
    with torch.device("meta"):
        laid_out = family.build(configuration, signature).state_dict()
    built = training.build_network(family, configuration, signature, seed=0).state_dict()
    assert {n: t.shape for n, t in laid_out.items()} == {n: t.shape for n, t in built.items()}


@pytest.mark.parametrize(("name", "task", "kind"), [c for c in CASES if c[2] in ("text", "audio", "series")])
def test_family_is_blind_to_what_stands_after_the_end(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    if task == "forecasting" or kind == "text":
        pytest.skip("nothing stands after the end of these but zeros")
    signature = signature_of(kind, task, place=1)
    network = training.build_network(family, standard(family, task, kind), signature, seed=0).eval()
    inputs = random_inputs(signature, 4)
    spoilt = dict(inputs)
    for field in inputs.keys() - {"length"}:
        outside = np.arange(inputs[field].shape[-1]) >= inputs["length"][:, None]
        outside = outside if inputs[field].ndim == 2 else outside[:, None]
        spoilt[field] = inputs[field] + np.float32(9) * outside.astype(np.float32)
    with torch.no_grad():
        torch.testing.assert_close(outputs(network, spoilt, task), outputs(network, inputs, task))


@pytest.mark.parametrize(
    ("name", "kind"), [(n, k) for n, t, k in CASES if t == "classification" and catalog.family(n).encodes]
)
def test_encoder_is_trained_first_without_labels(name: str, kind: str) -> None:
    family = catalog.family(name)
    space = family.full_space("classification", kind, pretrains=True)
    plain = standard(family, "classification", kind)
    signature = signature_of(kind, "classification")
    unlabelled = toy_rows(signature, TASKS["classification"], 64, 5)
    for option in space["pretraining"].names:
        if option == "none":
            continue
        chosen = {k: v.prior for k, v in space["pretraining"].options[option].items()}
        pretraining = {"name": option, **chosen, "epochs": 1}
        run = training_run(family, "classification", kind, {**plain, "pretraining": pretraining}, epochs=1)
        before = {n: t.clone() for n, t in run.network.state_dict().items()}
        training.pretrain(replace(run, unlabelled=unlabelled))
        after = run.network.state_dict()
        assert any(not torch.equal(before[n], after[n]) for n in before), option
        network = run.network.eval()
        tensors = {n: torch.from_numpy(v) for n, v in unlabelled.inputs.items()}
        with torch.no_grad():
            assert network.encode(**tensors).shape == (64, network.n_features)  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task", "kind"), [c for c in CASES if c[1] != "generation"])
def test_family_exports_to_onnx(name: str, task: TaskKind, kind: str, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    family = catalog.family(name)
    for place in range(len(shapes(kind, task))):
        signature = signature_of(kind, task, place)
        network = training.build_network(family, standard(family, task, kind), signature, seed=0)
        predictor = Predictor(network, signature, TASKS[task], TargetScale(), NO_PREPROCESSING, {})
        onnx_export.write_onnx(predictor, tmp_path / "model.onnx")
        onnx_export.check_onnx(onnxruntime, predictor, tmp_path / "model.onnx")


def test_family_may_narrow_what_all_share() -> None:
    family = catalog.family("mlp")
    narrow = replace(family, space={**family.architecture("table"), "learning_rate": Float(1e-3, 1e-2)})
    assert narrow.full_space("regression", "table")["learning_rate"] == Float(1e-3, 1e-2)
    assert override(family.full_space("regression", "table"), {"width": 8})["width"] == 8
