"""Where trials run: the interface that `local.py` and `tune.py` share, and the job they are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from automl.resolved import Search
from automl.store import SearchFolder
from automl.study import Progress

if TYPE_CHECKING:
    from automl.data import Prepared


@dataclass(frozen=True)
class Job:
    """One term of one search, ready to run."""

    search: Search
    prepared: Prepared
    folder: SearchFolder
    term: int
    spent_seconds: float


@dataclass(frozen=True)
class Trouble:
    """What keeps a search from going on.

    Args:
        reason: one of `errors.REASONS`.
    """

    reason: str
    message: str


@dataclass(frozen=True)
class Tick:
    """What the driver is told every now and then while trials run.

    Args:
        trouble: what keeps the search from going on, if anything does.
        pause: asks all workers to write a checkpoint and leave.
        allow: lets so many workers work; others write a checkpoint after their epoch and leave, and come again
            when more are allowed.
    """

    progress: Progress
    trouble: Trouble | None
    pause: Callable[[], None]
    allow: Callable[[int], None]


class Executor(Protocol):
    """Runs a job until its study is done or it is paused."""

    def run(self, job: Job, tick: Callable[[Tick], None]) -> Tick:
        """Returns the last tick; calls `tick` about once a second."""
        ...
