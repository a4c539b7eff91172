"""A family: a kind of network with its search space. One file in `search_spaces/` defines one.

::

    FAMILY = Family(
        name="mlp", kinds=("table",), space={"depth": Int(1, 6), ...}, build=build,
        source="Rosenblatt, 1958", encodes=True,
    )

`build(configuration, signature)` returns the network, an `nn.Module` called with the fields of the
signature by name, each ``(batch, *shape)``. What it gives:

- tasks with a target (`automl.task.SUPERVISED`): ``(batch, n_outputs)``, or ``(batch, k, n_outputs)`` where
  it makes k predictions: their losses are averaged in training, and their predictions in use.
- anomaly: ``(batch, 1)``, more for stranger rows.
- representation: ``(batch, n_features)``, of a width of its own.
- generation: nothing; it has ``generate(n_rows) -> fields`` instead, new rows as tensors by field, drawn
  with torch's own generator on the device of its weights.

For the last three it has ``loss(**inputs) -> (batch,)``: what training lowers, row by row. What it does in
training alone (dropout, noise, augmentation) it draws with torch's own generator, which is seeded for it.

A network in which a module's class has ``bfloat16_on_cpu = True`` is trained in bfloat16 on CPUs that multiply
it: where a step takes clearly less time by it, as where most of it is convolutions.

With `encodes`, a network has ``encode(**inputs) -> (batch, n_features)``, what its last layer sees, and
the whole number ``n_features``; so it can be trained first without labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from automl.hyperparameters import pretraining_space, training_space
from automl.metric import Metric
from automl.signature import Signature
from automl.space import Configuration, Space
from automl.task import KINDS, LABELLED, Array, Rows, TargetScale, Task, TaskKind

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
        target_scale: networks give standardised numbers; scores are in own units.
        metrics: the first is the one that chooses the best epoch.
        epochs: how many to yield at most.
        micro_batches: into how many parts a batch is cut, gradients summed, to fit in memory.
        features: for generation: what rows are compared by, from their fields.
        unlabelled: more rows whose targets say nothing, to train first without labels.
        pulse: to be called after every batch. It says that the training goes on, or raises what ends it; a
            loop that never calls it is taken to hang where an epoch takes longer than ``hung_after``.
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
    features: Callable[[Mapping[str, Array]], Array] | None = None
    unlabelled: Rows | None = None
    pulse: Callable[[], None] = lambda: None


class Step(Protocol):
    """How one batch is learnt from; see `Family.step`."""

    @property
    def optimizers(self) -> Mapping[str, torch.optim.Optimizer]:
        """By name; the training loop sets their learning rates and keeps their state in checkpoints."""
        ...

    def __call__(self, inputs: Mapping[str, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        """Moves the weights by one batch; gives the loss summed over its rows, detached."""
        ...


Build = Callable[[Configuration, Signature], "torch.nn.Module"]
Train = Callable[[TrainingRun], Iterator[Epoch]]
MakeStep = Callable[[TrainingRun], Step]


@dataclass(frozen=True)
class Family:
    """A kind of network with its search space.

    Args:
        kinds: the kinds of data it serves (`Signature.kind`).
        space: its architecture, or a function that gives it for a kind of data; a name of
            `hyperparameters.training_space` in it replaces that one.
        source: the paper or book that it comes from.
        step: a way of its own to learn from a batch, in the project's training loop.
        train: a training loop of its own; then `space` is its whole space. It cannot be resumed.
        encodes: whether its networks have ``encode`` and ``n_features``.
    """

    name: str
    kinds: tuple[str, ...]
    space: Space | Callable[[str], Space]
    build: Build
    source: str
    tasks: tuple[TaskKind, ...] = LABELLED
    step: MakeStep | None = None
    train: Train | None = None
    encodes: bool = False

    def fits(self, kind: str, task: TaskKind) -> bool:
        """Whether it serves this kind of data and this kind of task."""
        return kind in self.kinds and task in self.tasks and task in KINDS[kind]

    def architecture(self, kind: str) -> Space:
        """Its own space on this kind of data."""
        return self.space(kind) if callable(self.space) else self.space

    def full_space(
        self, task: TaskKind, kind: str, n_rows: int = 100_000, *, pretrains: bool = False
    ) -> dict[str, Any]:
        """Its architecture and how it is trained on one kind of data, as one space.

        Args:
            n_rows: of the training split.
            pretrains: whether there are rows to train on first without labels.
        """
        if self.train is not None:
            return dict(self.architecture(kind))
        shared = training_space(task, n_rows, kind)
        if pretrains and self.encodes:
            shared["pretraining"] = pretraining_space(kind)
        return {**shared, **self.architecture(kind)}
