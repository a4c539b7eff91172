"""What is said of networks and their predictions holds for every family; new files are picked up by themselves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from toy_inputs import TASKS, random_inputs, shapes, signature_of

from automl import catalog, training
from automl.explaining import gradients
from automl.explaining.embeddings import find_embedded
from automl.explaining.gradients import integrated
from automl.explaining.layers import layers_of
from automl.explaining.occlusion import occluded
from automl.explaining.question import question
from automl.signature import Signature
from automl.space import default, fill
from automl.task import TargetScale, TaskKind
from automl.training.predict import to_tensors

NOTHING_PREDICTED = ("generation", "representation")


def cases(*left_out: str) -> Iterator[tuple[str, TaskKind, str]]:
    for name in catalog.names("family"):
        family = catalog.family(name)
        for kind in family.kinds:
            for task in TASKS:
                if family.fits(kind, task) and task not in left_out:
                    yield name, task, kind


def network_of(name: str, task: TaskKind, signature: Signature) -> torch.nn.Module:
    family = catalog.family(name)
    configuration = fill(family.full_space(task, signature.kind), default)
    return training.build_network(family, configuration, signature, seed=0).eval()


@pytest.mark.parametrize(("name", "task", "kind"), list(cases("multilabel", "regression", "quantile")))
def test_layers_hold_every_parameter_once(name: str, task: TaskKind, kind: str) -> None:
    for place in range(len(shapes(kind, task))):
        signature = signature_of(kind, task, place)
        network = network_of(name, task, signature)
        layers = layers_of(network, signature, task == "generation")
        assert sum(layer.n_parameters for layer in layers) == training.n_parameters(network)
        assert len({layer.name for layer in layers}) == len(layers)
        reached = [layer for layer in layers if not layer.only_in_training]
        assert layers[: len(reached)] == reached
        assert any(layer.n_parameters or layer.n_untrained for layer in reached)
        if TASKS[task].is_supervised:
            assert reached == layers, "a network that learns a target is used as a whole"
        for layer in reached:
            shapes_of_it = [shape for shape in (layer.input_shape, layer.output_shape) if shape is not None]
            assert all(None in shape for shape in shapes_of_it), f"{layer.name} has no dimension of rows"


@pytest.mark.parametrize(("name", "task", "kind"), list(cases(*NOTHING_PREDICTED, "multilabel", "quantile")))
def test_predictions_are_explained(
    name: str, task: TaskKind, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "MOST_STEPS", gradients.STEPS)
    for place in range(len(shapes(kind, task))):
        signature = signature_of(kind, task, place)
        network = network_of(name, task, signature)
        row = to_tensors(random_inputs(signature, 1, seed=3), "cpu")
        ask = question(TASKS[task], TargetScale(), np.arange(signature.n_outputs, dtype=float))
        embedded = find_embedded(network, signature, row)
        if embedded is None:
            assert task == "anomaly", "codes should reach a network by one embedding"
            assert "categorical" in signature.inputs
        if embedded is None or kind == "audio":
            masks = {n: np.ones(v.shape[1:], bool) for n, v in row.items() if n != "length"}
            found = occluded(network, row, [masks], ask)
        else:
            explained = integrated(network, row, embedded, ask)
            assert explained is not None
            found = explained
        assert {name: part.shape for name, part in found.fields.items()} == {
            name: tuple(value.shape[1:]) for name, value in row.items() if name != "length"
        }
        assert all(np.isfinite(part).all() for part in found.fields.values())
