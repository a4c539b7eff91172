"""What is to be predicted, from what kinds of data, and the rows that it is learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

TaskKind = Literal[
    "classification",
    "multilabel",
    "regression",
    "quantile",
    "forecasting",
    "anomaly",
    "generation",
    "representation",
]
TASK_KINDS: tuple[TaskKind, ...] = get_args(TaskKind)
# What a network learns from a target; from the rows alone it learns the others, which labels only judge.
SUPERVISED: tuple[TaskKind, ...] = ("classification", "multilabel", "regression", "quantile", "forecasting")
LABELLED: tuple[TaskKind, ...] = ("classification", "multilabel", "regression", "quantile")
NUMERIC: tuple[TaskKind, ...] = ("regression", "quantile", "forecasting")  # predicted in own units
DEFAULT_METRIC: Mapping[TaskKind, str] = {
    "classification": "accuracy",
    "multilabel": "average_precision",
    "regression": "rmse",
    "quantile": "pinball",
    "forecasting": "mase",
    "anomaly": "auroc",
    "generation": "frechet_distance",
    "representation": "neighbour_accuracy",
}
# The kinds of task that data of each kind can have.
KINDS: Mapping[str, tuple[TaskKind, ...]] = {
    "table": (*LABELLED, "anomaly", "generation", "representation"),
    "image": (*LABELLED, "anomaly", "generation", "representation"),
    "text": LABELLED,
    "audio": LABELLED,
    "series": (*LABELLED, "forecasting"),
}
Array = NDArray[Any]


@dataclass(frozen=True)
class Task:
    """What a search predicts.

    Args:
        kind: one of `TASK_KINDS`.
        target: the name of the predicted column, or of several, joined by commas; ``label`` for a
            folder of images; empty where there is none.
        classes: the class names in the order of the network's outputs, the labels for multilabel, and
            the two names (usual, anomaly) for anomaly; empty for numbers.
        targets: the names of the numbers predicted where there are several, in order.
        horizon: how many steps ahead are forecast.
        scales: what some metrics need beside predictions, by name (`Metric.needs`), one value an output:
            ``naive_error`` and ``deviation`` of the training series, ``levels`` of quantiles.
    """

    kind: TaskKind
    target: str
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    horizon: int = 1
    scales: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def is_supervised(self) -> bool:
        return self.kind in SUPERVISED

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data that hold the target."""
        return self.targets or ((self.target,) if self.target else ())

    @property
    def n_outputs(self) -> int:
        """How many numbers the network gives for a row: one a class or label, one a level of a quantile,
        one a target and step, one score of anomaly; 0 where it is the network's own affair."""
        if self.kind in ("classification", "multilabel"):
            return len(self.classes)
        if self.kind == "quantile":
            return len(self.scales["levels"])
        if self.kind in ("generation", "representation"):
            return 0
        return max(1, len(self.targets)) * self.horizon

    def to_plain(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"kind": self.kind, "target": self.target, "classes": list(self.classes)}
        if self.targets:
            plain["targets"] = list(self.targets)
        if self.kind == "forecasting":
            plain["horizon"] = self.horizon
        if self.scales:
            plain["scales"] = {name: list(values) for name, values in self.scales.items()}
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Task:
        return cls(
            cast(TaskKind, plain["kind"]),
            plain["target"],
            tuple(plain["classes"]),
            tuple(plain.get("targets", ())),
            plain.get("horizon", 1),
            {name: tuple(values) for name, values in plain.get("scales", {}).items()},
        )


@dataclass(frozen=True)
class Rows:
    """The rows of one split, encoded: what networks are fed and judged on.

    Args:
        inputs: one array per field of the signature, each ``(rows, *shape)``.
        target: what predictions are judged against, by the kind of task, with the form of predictions:

            - classification: ``(rows,)`` int64 codes; probabilities ``(rows, n_classes)``
            - multilabel: ``(rows, n_labels)`` int64 0 or 1; probabilities of the same shape
            - regression: ``(rows,)`` float64 in own units, or ``(rows, n_targets)``; the same
            - quantile: ``(rows,)`` float64; ``(rows, n_levels)``, rising
            - forecasting: ``(rows, n_targets * horizon)`` float64, target by target; the same
            - anomaly: ``(rows,)`` int64, 1 where a row is anomalous; scores ``(rows,)``, more is stranger
            - representation: ``(rows,)`` int64 codes; embeddings ``(rows, n_features)``
            - generation: ``(rows, n_features)`` float64 features of real rows; those of generated ones
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
    """How targets are standardised for the network: ``(target - mean) / deviation``.

    Args:
        mean: one value for every output, or one for all.
        deviation: likewise.
    """

    mean: float | tuple[float, ...] = 0.0
    deviation: float | tuple[float, ...] = 1.0

    def standardised(self, target: Array) -> Array:
        """Targets ``(rows,)`` or ``(rows, n)`` as the network gives them."""
        return np.asarray((target - np.asarray(self.mean)) / np.asarray(self.deviation))

    def own_units(self, outputs: Array) -> Array:
        """What the network gives in the target's own units."""
        return np.asarray(outputs * np.asarray(self.deviation) + np.asarray(self.mean))

    def to_plain(self) -> dict[str, Any]:
        return {
            name: list(value) if isinstance(value, tuple) else float(value)
            for name, value in (("mean", self.mean), ("deviation", self.deviation))
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> TargetScale:
        mean, deviation = (
            tuple(map(float, value)) if isinstance(value, list) else float(value)
            for value in (plain["mean"], plain["deviation"])
        )
        return cls(mean, deviation)
