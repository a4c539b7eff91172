"""A family: a kind of network with its search space. One file in `search_spaces/` defines one.

::

    FAMILY = Family(
        name="mlp", kinds=("table",), tasks=("classification", "regression"),
        space={"depth": Int(1, 6), ...}, build=build, source="Rosenblatt, 1958",
    )

`build(configuration, signature)` returns the network. `train`, where a family has its own, replaces
the project's training loop: a generator that yields one `Epoch` after another (see `TrainingRun`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from automl.hyperparameters import training_space
from automl.space import Configuration, Space
from automl.task import TASK_KINDS, Metric, Rows, Signature, TargetScale, Task, TaskKind

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Epoch:
    """One pass over the training rows, as a training loop yields it.

    Args:
        number: from 1.
        train_loss: mean over the epoch.
        scores: validation scores by the names of the metrics, in their natural sign.
        n_examples: training rows seen in this epoch.
    """

    number: int
    train_loss: float
    scores: Mapping[str, float]
    n_examples: int = 0


@dataclass(frozen=True)
class TrainingRun:
    """Everything one training needs; what a family's own loop is given.

    Args:
        network: as `build` returned it, on `device`; the loop leaves in it the weights to keep.
        target_scale: networks for regression give standardised targets; scores are in own units.
        metrics: the first is the one that chooses the best epoch.
        epochs: how many to yield at most.
        micro_batches: into how many parts a batch is cut, gradients summed, to fit in memory.
    """

    network: torch.nn.Module
    configuration: Configuration
    task: Task
    train: Rows
    validation: Rows
    target_scale: TargetScale
    metrics: tuple[Metric, ...]
    seed: int
    epochs: int
    device: str = "cpu"
    micro_batches: int = 1


Build = Callable[[Configuration, Signature], "torch.nn.Module"]
Train = Callable[[TrainingRun], Iterator[Epoch]]


@dataclass(frozen=True)
class Family:
    """A kind of network with its search space.

    Args:
        kinds: the kinds of data it serves (`Signature.kind`).
        space: its architecture; a name of `hyperparameters.training_space` in it replaces that one.
        source: the paper or book that it comes from.
        train: a training loop of its own; then `space` is its whole space.
    """

    name: str
    kinds: tuple[str, ...]
    space: Space
    build: Build
    source: str
    tasks: tuple[TaskKind, ...] = TASK_KINDS
    train: Train | None = field(default=None)

    def fits(self, kind: str, task: TaskKind) -> bool:
        """Whether it serves this kind of data and this kind of task."""
        return kind in self.kinds and task in self.tasks

    def full_space(self, task: TaskKind, n_rows: int = 100_000) -> dict[str, Any]:
        """Its architecture and how it is trained, as one space."""
        if self.train is not None:
            return dict(self.space)
        return {**training_space(task, n_rows), **self.space}
