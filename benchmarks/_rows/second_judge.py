"""A second opinion on generated images: features of a small convolutional classifier of the same images.

The product's own features are those of a classifier that it fits for the purpose, and networks are chosen by
them. These come from another classifier, which no search has seen; Heusel et al. (2017) likewise take a layer
of a network for classes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from automl import api, catalog, training
from automl.data import Prepared, prepare, read
from automl.family import TrainingRun
from automl.metrics.frechet_distance import frechet_distance
from automl.signature import Signature
from automl.space import default, fill
from automl.space_notation import override
from automl.spec import parse_spec
from automl.task import Array, Rows, TargetScale, Task
from automl.training.predict import to_tensors
from benchmarks._measure import Measure
from benchmarks._rows.row import Results

SMALL = {"stages": 3, "width": 16, "final_pooling": "mean"}  # at most 16 * 2 * 2 = 64 features
_MOST_ROWS = 20_000
_EPOCHS, _QUICK_EPOCHS = 15, 2
_AT_ONCE = 1000


def second_distances(name: str, results: Results) -> list[Measure]:
    """The distance of each network's rows, of the normal distribution's and of real ones from the test rows.

    Real ones are as many validation rows; theirs is the distance that perfect samples would have.
    """
    began = time.monotonic()
    outcomes = list(results.outcomes.values())
    spec = parse_spec(outcomes[0].spec)
    data = prepare(spec.data, spec.split, "generation")
    network, accuracy = _classifier(data, _labels(spec.data), _QUICK_EPOCHS if results.quick else _EPOCHS)
    n_rows = len(data.test)
    real = _features(network, data.test.inputs)

    def distance(inputs: Mapping[str, Array]) -> float:
        return frechet_distance(real, _features(network, inputs))

    normal = catalog.baseline("gaussian").fit(data.train, data.signature, data.task, 0)(data.test.inputs)
    beside = distance(normal)
    floor = distance({field: values[:n_rows] for field, values in data.validation.inputs.items()})
    judge = f"by {real.shape[1]} features of a cnn, accuracy {accuracy:.3g}"
    found = [Measure(f"{name} real validation rows, Fréchet distance {judge}", floor, "distance")]
    for family, outcome in results.outcomes.items():
        folder = results.work / f"{name}-{family}"
        model = api.load(api.pull(outcome.search_id, folder, store=outcome.store))
        value = distance(training.generate(model.network, n_rows, 0))
        found.append(
            Measure(
                f"{name} {family}, Fréchet distance {judge}",
                value,
                "distance",
                peer="gaussian, same rows",
                peer_value=beside,
                ratio=value / beside,
                seconds=time.monotonic() - began,
            )
        )
    return found


def _labels(data: Any) -> list[str]:
    raw = read(data)
    assert raw.target is not None
    return [str(label) for label in raw.frame[raw.target].to_list()]


def _classifier(data: Prepared, labels: list[str], epochs: int) -> tuple[torch.nn.Module, float]:
    """A network of the family `cnn` trained on the training rows, and its accuracy on validation rows."""
    classes = tuple(sorted(set(labels)))
    codes = np.array([classes.index(label) for label in labels])
    task = Task("classification", "label", classes)
    signature = Signature("image", data.signature.inputs, len(classes))
    family = catalog.family("cnn")
    train = _labelled(data.train, codes)
    space = override(family.full_space("classification", "image", len(train)), SMALL)
    configuration = fill(space, default)
    network = training.build_network(family, configuration, signature, 0)
    loop = training.start(
        family,
        TrainingRun(
            network=network,
            configuration=configuration,
            task=task,
            train=train,
            validation=_labelled(data.validation, codes),
            target_scale=TargetScale(),
            metrics=(catalog.metric("accuracy"),),
            seed=0,
            epochs=epochs,
        ),
    )
    for _ in loop.epochs():
        pass
    loop.load_best()
    return network.eval(), loop.best_scores["accuracy"]


def _labelled(rows: Rows, codes: Array) -> Rows:
    some = rows.take(np.arange(min(len(rows), _MOST_ROWS)))
    return Rows(some.inputs, codes[some.index], some.index)


def _features(network: torch.nn.Module, inputs: Mapping[str, Array]) -> Array:
    """``(rows, n_features)`` float64."""
    tensors = to_tensors(inputs, "cpu")
    n_rows = len(next(iter(tensors.values())))
    parts = []
    with torch.inference_mode():
        for start in range(0, n_rows, _AT_ONCE):
            batch = {name: values[start : start + _AT_ONCE] for name, values in tensors.items()}
            parts.append(network.encode(**batch))  # type: ignore[operator]
    return torch.cat(parts).double().numpy()
