"""What workers and the study say to each other, wherever the study lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from automl.study import Answer, Assignment, Decision, Result


@dataclass(frozen=True)
class Ended:
    """An attempt that has its record."""

    work: Assignment
    result: Result


@dataclass(frozen=True)
class Orders:
    """What a worker is told when it asks.

    Args:
        keep_from: a trial that scores this well is among the best so far, so that its bundle is kept;
            None where every one is.
    """

    answer: Answer
    keep_from: float | None = None


class StudyPort(Protocol):
    """What a worker needs of the study, wherever it lives."""

    def ask(self, worker: str, k: int, ended: Sequence[Ended]) -> Orders: ...
    def report(self, worker: str, work: Assignment, epoch: int, score: float) -> Decision: ...
    def alive(self, worker: str, work: Assignment) -> Decision: ...
    def finish(self, worker: str, ended: Sequence[Ended]) -> None: ...
    def leave(self, worker: str) -> None: ...
    def storage_failed(self, message: str) -> None: ...
