"""What is to be predicted, from what shape of input, and how well.

`Task` says what a search predicts, `Signature` what a network is given and must give back, and
`Metric` how predictions are judged. All three are plain data that a bundle keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

TaskKind = Literal["classification", "regression"]
TASK_KINDS: tuple[TaskKind, ...] = ("classification", "regression")
DEFAULT_METRIC: Mapping[TaskKind, str] = {"classification": "accuracy", "regression": "rmse"}
Goal = Literal["max", "min"]
Array = NDArray[Any]


@dataclass(frozen=True)
class Task:
    """What a search predicts.

    Args:
        kind: one of `TASK_KINDS`.
        target: the name of the predicted column, ``label`` for a folder of images.
        classes: the class names in the order of the network's outputs; empty for regression.
    """

    kind: TaskKind
    target: str
    classes: tuple[str, ...] = ()

    @property
    def n_outputs(self) -> int:
        """How many numbers the network gives for a row: one a class, or one for regression."""
        return len(self.classes) if self.kind == "classification" else 1

    def to_plain(self) -> dict[str, Any]:
        return {"kind": self.kind, "target": self.target, "classes": list(self.classes)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Task:
        return cls(cast(TaskKind, plain["kind"]), plain["target"], tuple(plain["classes"]))


@dataclass(frozen=True)
class Field:
    """One named input tensor of a network, without its batch dimension.

    Args:
        shape: for example ``(n_features,)`` or ``(channels, height, width)``.
        dtype: ``float32`` or ``int64``.
        cardinalities: for codes of categories, how many codes each column has; code 0 stands for
            a category that training never saw.
    """

    shape: tuple[int, ...]
    dtype: Literal["float32", "int64"] = "float32"
    cardinalities: tuple[int, ...] = ()


@dataclass(frozen=True)
class Signature:
    """The input and output sizes of a network: it is called with `inputs` by name, each
    ``(batch, *shape)``, and gives ``(batch, n_outputs)``: class logits, or standardised targets.

    Args:
        kind: the kind of data: ``table`` (fields ``numeric`` and ``categorical``, each left out
            where there is none) or ``image`` (field ``image``).
    """

    kind: str
    inputs: Mapping[str, Field]
    n_outputs: int

    def to_plain(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "inputs": {
                name: {"shape": list(f.shape), "dtype": f.dtype, "cardinalities": list(f.cardinalities)}
                for name, f in self.inputs.items()
            },
            "n_outputs": self.n_outputs,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Signature:
        inputs = {
            name: Field(tuple(f["shape"]), f["dtype"], tuple(f["cardinalities"]))
            for name, f in plain["inputs"].items()
        }
        return cls(plain["kind"], inputs, plain["n_outputs"])


@dataclass(frozen=True)
class Metric:
    """How predictions are judged; one file in `automl/metrics/` defines one as ``METRIC``.

    Args:
        goal: whether more (``max``) or less (``min``) is better.
        tasks: the kinds of task it judges.
        compute: ``compute(target, prediction) -> score`` in its natural sign. For classification
            `target` is ``(rows,)`` class codes and `prediction` ``(rows, n_classes)`` probabilities;
            for regression both are ``(rows,)`` in the target's own units.
        binary_only: whether it needs exactly two classes (the second is the positive one).
        summary: one line for people, with the unit.
        bounds: what scores cannot leave, so that intervals do not either.
        per_row: ``per_row(target, prediction) -> (rows,)`` or ``(rows, k)`` values whose means over the
            rows decide the score, so that scores of many resamples are one matrix product. None where
            there are no such values: then every resample is computed anew.
        from_mean: the score from these means, ``(...,)`` or ``(..., k) -> (...,)``; None where the mean
            is the score.
    """

    name: str
    goal: Goal
    tasks: tuple[TaskKind, ...]
    compute: Callable[[Array, Array], float]
    summary: str
    binary_only: bool = False
    per_row: Callable[[Array, Array], Array] | None = None
    from_mean: Callable[[Array], Array] | None = None
    bounds: tuple[float, float] = (float("-inf"), float("inf"))

    def better(self, one: float, other: float) -> bool:
        """Whether score `one` is strictly better than `other`."""
        return one > other if self.goal == "max" else one < other

    def fits(self, task: Task) -> bool:
        return task.kind in self.tasks and not (self.binary_only and len(task.classes) != 2)


@dataclass(frozen=True)
class Rows:
    """The rows of one split, encoded: what networks are fed and judged on.

    Args:
        inputs: one array per field of the signature, each ``(rows, *shape)``.
        target: ``(rows,)``; int64 class codes, or float64 in the target's own units.
        index: ``(rows,)`` int64, the place of each row in the data as read, from 0.
        groups: ``(rows,)`` int64 codes of the group of each row where the split is by group.
    """

    inputs: Mapping[str, Array]
    target: Array
    index: Array
    groups: Array | None = field(default=None)

    def __len__(self) -> int:
        return len(self.target)

    def take(self, positions: Array) -> Rows:
        """The rows at these positions, in this order."""
        groups = None if self.groups is None else self.groups[positions]
        inputs = {name: values[positions] for name, values in self.inputs.items()}
        return Rows(inputs, self.target[positions], self.index[positions], groups)

    @property
    def n_bytes(self) -> int:
        return sum(values.nbytes for values in self.inputs.values()) + np.asarray(self.target).nbytes


@dataclass(frozen=True)
class TargetScale:
    """How a regression target is standardised for the network: ``(target - mean) / deviation``."""

    mean: float = 0.0
    deviation: float = 1.0
