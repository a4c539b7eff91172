"""What a study is told of its search (`Plan`), and what it hands to workers (`Assignment`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from automl.metric import Goal
from automl.space import Configuration, Scalar, Space

Kind = Literal["baseline", "trial", "refit"]
State = Literal["complete", "stopped", "failed"]
Decision = Literal["go", "stop", "pause"]
Origin = Literal["queue", "portfolio", "sampler", "random"]


@dataclass(frozen=True)
class Objective:
    """A metric that the search improves; the first of several is the primary one."""

    name: str
    goal: Goal


@dataclass(frozen=True)
class Budget:
    """What the search may spend; None where there is no bound.

    Args:
        seconds: of wall-clock time, over all terms, refits included.
        worker_hours: of training summed over workers times `worker_units` (GPUs, or CPUs, of one).
        target: a primary score that ends the search.
        plateau: so many finished trials in a row without a better one end the search.
    """

    trials: int | None = None
    seconds: float | None = None
    worker_hours: float | None = None
    worker_units: float = 1.0
    target: float | None = None
    plateau: int | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that a study needs to know of a search.

    Args:
        spaces: the whole space of each family, by name.
        queue: configurations to be tried first: (family, the values that are given, by path); the
            sampler chooses what they leave open.
        rungs: epoch counts at which trials are compared, ascending, all below `epochs`; may be empty.
        factor: one in `factor` goes on at a rung.
        top: how many configurations are trained again, over `seeds` seeds each.
        n_workers: how many train at once; only for predicting what refits will take.
    """

    spaces: Mapping[str, Space]
    objectives: tuple[Objective, ...]
    epochs: int
    seed: int
    budget: Budget
    queue: tuple[tuple[str, Mapping[str, Scalar]], ...] = ()
    sampler: str = "auto"
    rungs: tuple[int, ...] = ()
    factor: int = 3
    top: int = 3
    seeds: int = 3
    baselines: tuple[str, ...] = ()
    n_workers: int = 1


@dataclass(frozen=True)
class Assignment:
    """One piece of work for a worker: a baseline, one attempt at a trial, or a refit.

    Args:
        name: unique in its kind: the baseline's name, the trial's number, or ``<trial>-<seed>``.
        trial: the number of the trial, also of the one that a refit repeats; None for a baseline.
        attempt: from 1.
        seed: of initialisation, data order and dropout.
        epochs: at most so many.
        micro_batches: into how many parts batches are cut after memory ran out.
    """

    kind: Kind
    name: str
    attempt: int
    seed: int
    trial: int | None = None
    family: str = ""
    configuration: Configuration = field(default_factory=dict)
    epochs: int = 0
    micro_batches: int = 1
    origin: Origin = "sampler"


@dataclass(frozen=True)
class Answer:
    """What a study answers to `ask`: work, or none; `done` once there will never be any again."""

    assignments: tuple[Assignment, ...]
    done: bool = False


@dataclass(frozen=True)
class Result:
    """How an attempt ended, as its worker tells the study.

    Args:
        scores: validation scores of the best epoch by metric name, and measured objectives such as
            ``latency_ms`` and ``n_parameters``; empty when it failed.
        n_epochs: epochs trained.
        seconds: of training.
        feasible: whether it meets the constraints.
    """

    state: State
    scores: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    n_epochs: int = 0
    seconds: float = 0.0
    feasible: bool = True
