"""What a sampler is: a way to suggest the values of one family's space from the trials so far.

A file in `automl/study/samplers/` defines one as ``SAMPLER``. A study starts it once per family and
then tells it every trial of that family, in the order of the journal: so live and in a replay it has
seen the same history, and a suggestion is a function of that history and of the seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from automl.space import Scalar, Space
from automl.study.plan import Objective, State

Values = dict[str, Scalar]


@dataclass(frozen=True)
class Outcome:
    """How a trial ended, as a sampler is told.

    Args:
        scores: one per objective, in their order and natural sign; empty where there are none.
        curve: (epoch, best primary score so far) at each rung that the trial reached.
        feasible: whether it meets the constraints.
    """

    state: State
    scores: tuple[float, ...] = ()
    curve: tuple[tuple[int, float], ...] = field(default=())
    feasible: bool = True


class Suggester(Protocol):
    """A started sampler: the history of one family, and suggestions from it."""

    def suggest(self, seed: int, fixed: Mapping[str, Scalar]) -> Values:
        """Values by path for every open leaf that is reached; those in `fixed` are as given.

        It changes nothing: only `begin` opens a trial.
        """

    def begin(self, number: int, values: Mapping[str, Scalar]) -> None:
        """A trial of these values runs from now on."""

    def finish(self, number: int, outcome: Outcome) -> None:
        """A trial that was begun has ended."""


@dataclass(frozen=True)
class Sampler:
    """A sampler of the catalogue.

    Args:
        summary: one line for people.
        start: gives a sampler without history for one family's space.
    """

    name: str
    summary: str
    start: Callable[[Space, tuple[Objective, ...]], Suggester]
