"""How quickly a family trains on a GPU: examples a second and memory, in bfloat16 and in full precision."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from unittest import mock

import numpy as np
import torch

from automl import catalog, training
from automl.data import Prepared, prepare
from automl.family import Family, TrainingRun
from automl.space import default, fill
from automl.spec import parse_spec
from automl.task import DEFAULT_METRIC
from benchmarks._cells import Cell

_N_ROWS = 16_384  # the rows that there are, again and again: a GPU is busy with no less
_BATCH = 512
_EPOCHS = 4  # the first is not counted, since it chooses and compiles kernels


@dataclass(frozen=True)
class Speed:
    """Of one training.

    Args:
        score: on validation rows after `_EPOCHS`, by the task's default metric.
    """

    examples_per_second: float
    peak_memory_bytes: int
    score: float


def speeds(family: Family, cell: Cell, device: str = "cuda") -> dict[str, Speed]:
    """The speed of the family's default network on the rows of a cell, by the name of the precision."""
    spec = parse_spec(cell.spec)
    data = prepare(spec.data, spec.split, cell.task)
    found = {"bf16": _speed(family, data, device)}
    with _full_precision():
        found["fp32"] = _speed(family, data, device)
    return found


def _speed(family: Family, data: Prepared, device: str) -> Speed:
    kind, task = data.signature.kind, data.task
    configuration = fill(family.full_space(task.kind, kind, _N_ROWS), default)
    configuration["batch_size"] = _BATCH
    network = training.build_network(family, configuration, data.signature, 0, device)
    run = TrainingRun(
        network=network,
        configuration=configuration,
        task=task,
        train=data.train.take(np.arange(_N_ROWS) % len(data.train)),
        validation=data.validation,
        target_scale=data.target_scale,
        metrics=(catalog.metric(DEFAULT_METRIC[task.kind]).bound(task.scales),),
        seed=0,
        epochs=_EPOCHS,
        device=device,
        features=data.preprocessing.features,
    )
    loop = training.start(family, run)
    n_examples, began, score = 0, time.perf_counter(), float("nan")
    for epoch in loop.epochs():
        score = next(iter(epoch.scores.values()))
        if epoch.number == 1:
            began = time.perf_counter()
        else:
            n_examples += epoch.n_examples
    seconds = time.perf_counter() - began
    return Speed(n_examples / seconds, training.peak_memory_bytes(device), score)


@contextmanager
def _full_precision() -> Iterator[None]:
    """Inside, the training loop uses float32 alone; the product has no switch for it, since nobody wants it."""
    with (
        mock.patch("automl.training.steps.precision", return_value=nullcontext),
        torch.backends.cudnn.flags(enabled=True, allow_tf32=False),  # convolutions would use it unasked
    ):
        yield
