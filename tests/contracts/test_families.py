"""Every family keeps the contract of `automl.family.Family`; new files are picked up by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from automl import catalog, training
from automl.family import Family, TrainingRun
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
from automl.task import Array, Field, Rows, Signature, TargetScale, Task, TaskKind

TASKS: dict[TaskKind, Task] = {
    "classification": Task("classification", "y", ("a", "b", "c")),
    "regression": Task("regression", "y"),
}
# What data of each kind may look like: a table without categories, without numbers, and with both;
# a small grey image and a larger coloured one that is not square.
INPUTS: dict[str, list[dict[str, Field]]] = {
    "table": [
        {"numeric": Field((5,)), "categorical": Field((2,), "int64", (4, 3))},
        {"numeric": Field((5,))},
        {"categorical": Field((2,), "int64", (4, 3))},
    ],
    "image": [{"image": Field((1, 8, 8))}, {"image": Field((3, 17, 12))}],
}
# A network is not built with more weights than this here: the largest one is made of halved ranges.
MOST_PARAMETERS = 2_000_000


def cases() -> Iterator[tuple[str, TaskKind, str]]:
    for name in catalog.names("family"):
        family = catalog.family(name)
        for kind in family.kinds:
            for task in family.tasks:
                yield name, task, kind


def signature_of(kind: str, task: Task, place: int = 0) -> Signature:
    return Signature(kind, INPUTS[kind][place], task.n_outputs)


def random_inputs(signature: Signature, n_rows: int, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    inputs: dict[str, Array] = {}
    for name, field in signature.inputs.items():
        if field.dtype == "int64":
            inputs[name] = rng.integers(0, field.cardinalities, (n_rows, *field.shape), dtype=np.int64)
        else:
            inputs[name] = rng.normal(size=(n_rows, *field.shape)).astype(np.float32)
    return inputs


def toy_rows(signature: Signature, task: Task, n_rows: int, seed: int) -> Rows:
    """Rows whose target is plain to see: the first number, or the mean of the image, or the first code."""
    inputs = random_inputs(signature, n_rows, seed)
    name = next(iter(inputs))
    signal = inputs[name].reshape(n_rows, -1)[:, 0].astype(np.float64)
    if name == "image":
        signal = np.random.default_rng(seed).normal(size=n_rows)
        inputs[name] = inputs[name] * 0.3 + signal[:, None, None, None].astype(np.float32)
    target = np.digitize(signal, [-0.5, 0.5]) if task.kind == "classification" else signal
    return Rows(inputs, target, np.arange(n_rows))


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


def outputs(network: torch.nn.Module, inputs: dict[str, Array]) -> Tensor:
    tensors = {name: torch.from_numpy(values) for name, values in inputs.items()}
    result = network(**tensors)
    assert isinstance(result, Tensor)
    return result


CASES = list(cases())


@pytest.mark.parametrize("name", catalog.names("family"))
def test_family_cites_its_source_and_says_what_it_serves(name: str) -> None:
    family = catalog.family(name)
    assert any(letter.isdigit() for letter in family.source), "a source has a year"
    assert family.kinds
    assert set(family.kinds) <= set(INPUTS)
    assert set(family.tasks) <= set(TASKS)


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_space_fills_to_json_and_back(name: str, task: TaskKind, kind: str) -> None:
    del kind
    space = catalog.family(name).full_space(task)
    assert not any("." in key for key in space)
    for choose in (default, *map(random_chooser, range(5))):
        configuration = fill(space, choose)
        assert json.loads(json.dumps(configuration)) == configuration
        assert flatten(space, configuration)


@pytest.mark.parametrize("name", catalog.names("family"))
def test_family_ranges_have_limits_that_make_sense(name: str) -> None:
    for path, leaf in leaves(catalog.family(name).space):
        if isinstance(leaf, Int | Float):
            low, high = leaf.limits
            assert low <= leaf.low, path
            assert leaf.high <= high < float("inf"), (
                f"{path} needs limits, which a stranger's bundle is held to"
            )


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_builds_everywhere_in_its_space(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    space = family.full_space(task)
    choosers = [default, *map(random_chooser, range(3))]
    choosers += [edge_chooser(edge, option) for edge in ("low", "high") for option in (0, 1, 2)]
    for number, choose in enumerate(choosers):
        signature = signature_of(kind, TASKS[task], number % len(INPUTS[kind]))
        configuration = smaller(family, fill(space, choose), signature)
        network = training.build_network(family, configuration, signature, seed=0)
        inputs = random_inputs(signature, 3)
        network.eval()
        with torch.no_grad():
            given = outputs(network, inputs)
        assert given.shape == (3, signature.n_outputs)
        assert given.dtype == torch.float32
        assert given.isfinite().all()


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_serves_every_shape_of_input(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    configuration = fill(family.full_space(task), default)
    for place in range(len(INPUTS[kind])):
        signature = signature_of(kind, TASKS[task], place)
        network = training.build_network(family, configuration, signature, seed=0)
        network.train()
        loss = outputs(network, random_inputs(signature, 2)).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        lacking = [n for n, w in network.named_parameters() if w.requires_grad and w.grad is None]
        assert not lacking, "weights that nothing uses"


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_judges_each_row_by_itself(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    signature = signature_of(kind, TASKS[task])
    network = training.build_network(family, fill(family.full_space(task), default), signature, seed=0).eval()
    inputs = random_inputs(signature, 4)
    with torch.no_grad():
        together = outputs(network, inputs)
        alone = [outputs(network, {n: v[i : i + 1] for n, v in inputs.items()}) for i in range(4)]
    torch.testing.assert_close(torch.cat(alone), together, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_learns_a_toy_task(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    signature = signature_of(kind, TASKS[task])
    configuration = fill(family.full_space(task), default)
    if "batch_size" in configuration:
        configuration["batch_size"] = 32
    run = TrainingRun(
        network=training.build_network(family, configuration, signature, seed=0),
        configuration=configuration,
        task=TASKS[task],
        train=toy_rows(signature, TASKS[task], 96, 0),
        validation=toy_rows(signature, TASKS[task], 48, 1),
        target_scale=TargetScale(),
        metrics=catalog.metrics_for(TASKS[task]),
        seed=0,
        epochs=6,
    )
    curve = list(training.start(family, run).epochs())
    assert [epoch.number for epoch in curve] == list(range(1, len(curve) + 1))
    assert set(curve[0].scores) == {metric.name for metric in run.metrics}
    assert min(epoch.train_loss for epoch in curve[1:]) < 0.9 * curve[0].train_loss


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_comes_back_from_its_weights_alone(name: str, task: TaskKind, kind: str) -> None:
    family = catalog.family(name)
    signature = signature_of(kind, TASKS[task])
    for choose in (default, random_chooser(7)):
        configuration = smaller(family, fill(family.full_space(task), choose), signature)
        one, other = (training.build_network(family, configuration, signature, seed) for seed in (0, 1))
        with torch.no_grad():  # a step in training mode, so that running statistics count too
            outputs(one.train(), random_inputs(signature, 8))
        weights = {n: t.contiguous().clone() for n, t in one.state_dict().items()}
        other.load_state_dict(load(save(weights)))
        inputs = random_inputs(signature, 3)
        with torch.no_grad():
            assert torch.equal(outputs(one.eval(), inputs), outputs(other.eval(), inputs))


@pytest.mark.parametrize(("name", "task", "kind"), CASES)
def test_family_lays_out_its_weights_without_memory(name: str, task: TaskKind, kind: str) -> None:
    """A bundle is compared with this layout before any memory is taken for it."""
    family = catalog.family(name)
    signature = signature_of(kind, TASKS[task])
    configuration = fill(family.full_space(task), default)
    with torch.device("meta"):
        laid_out = family.build(configuration, signature).state_dict()
    built = training.build_network(family, configuration, signature, seed=0).state_dict()
    assert {n: t.shape for n, t in laid_out.items()} == {n: t.shape for n, t in built.items()}


def test_family_may_narrow_what_all_share() -> None:
    family = catalog.family("mlp")
    narrow = replace(family, space={**family.space, "learning_rate": Float(1e-3, 1e-2)})
    assert narrow.full_space("regression")["learning_rate"] == Float(1e-3, 1e-2)
    assert override(family.full_space("regression"), {"width": 8})["width"] == 8
