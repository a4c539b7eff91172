"""Simple methods that stand beside every search: one file each, which defines one as ``BASELINE``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.signature import Signature
from automl.task import KINDS, Array, Rows, Task, TaskKind

Predict = Callable[[Mapping[str, Array]], Any]


@dataclass(frozen=True)
class Baseline:
    """A method without a search.

    Args:
        tasks: the kinds of task it serves, on each kind of data that can have them.
        kinds: the kinds of data it serves (`Signature.kind`).
        fit: ``fit(train, signature, task, seed)`` returns the function that predicts: from inputs it
            gives predictions in the form that `automl.task.Rows` says, with every class of the task in
            its order and numbers in the target's own units. For generation these are as many new rows
            as the inputs have: the fields of the signature by name, each ``(rows, *shape)``.
        summary: one line for people.
    """

    name: str
    tasks: tuple[TaskKind, ...]
    kinds: tuple[str, ...]
    summary: str
    fit: Callable[[Rows, Signature, Task, int], Predict]

    def fits(self, kind: str, task: TaskKind) -> bool:
        """Whether it serves this kind of data and this kind of task."""
        return kind in self.kinds and task in self.tasks and task in KINDS.get(kind, ())


def n_rows(inputs: Mapping[str, Array]) -> int:
    """How many rows the inputs have."""
    return len(next(iter(inputs.values())))


def spread(probabilities: Array, present: Array, n_classes: int) -> Array:
    """Probabilities ``(rows, n_classes)`` from those of the classes that training had, codes `present`."""
    if probabilities.shape[1] == n_classes:
        return probabilities
    out = np.zeros((len(probabilities), n_classes))
    out[:, present] = probabilities
    return out
