"""One piece of work through its attempts, and the view of a trial that others are given."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from automl.errors import REASONS
from automl.metric import Goal
from automl.space import Configuration, Scalar
from automl.study.plan import Assignment, Kind, Origin, Result, State

# Attempts at one piece of work that may be lost, by reason, before it counts as failed: a worker may die or hang by
# what it trains, a machine rarely does, and who is preempted never does.
MAX_LOST = {"lost_worker": 3, "hung": 3, "lost_node": 20}
TrialState = Literal["queued", "running"] | State
_STATES: Mapping[str, TrialState] = {"running": "running", "waiting": "queued"}
LOST = (*MAX_LOST, "preempted")


@dataclass
class Work:
    """A baseline, trial or refit that was handed out at least once.

    Args:
        assignment: its latest attempt, or the one that waits to be handed out.
        status: ``running`` (handed out), ``waiting`` (for its next attempt) or ``ended``.
        result: of the attempt that ended last.
    """

    assignment: Assignment
    status: Literal["running", "waiting", "ended"] = "running"
    n_lost: Counter[str] = field(default_factory=Counter)
    result: Result | None = None
    values: Mapping[str, Scalar] = field(default_factory=dict)
    rungs: dict[int, tuple[float | None, bool]] = field(default_factory=dict)  # epoch: (score, goes on)
    best: dict[int, float] = field(default_factory=dict)  # by attempt; between rungs, so in no journal

    def improve(self, attempt: int, score: float, goal: Goal) -> float:
        """The best score of an attempt so far, those at rungs included; NaN where this one is none."""
        if not math.isfinite(score):
            return math.nan
        at_rungs = [known for known, _ in self.rungs.values() if known is not None]
        seen = [score, self.best.get(attempt, score), *at_rungs]
        self.best[attempt] = max(seen) if goal == "max" else min(seen)
        return self.best[attempt]

    def may_retry(self, result: Result) -> bool:
        """Whether an attempt that ended so is followed by another one."""
        if result.state != "failed":
            return False
        if result.reason == "preempted":
            return True
        if result.reason in MAX_LOST:
            return self.n_lost[result.reason] + 1 < MAX_LOST[result.reason]
        ran_out = result.reason in ("out_of_memory_gpu", "out_of_memory_host")
        return ran_out and self.assignment.micro_batches == 1

    def end_attempt(self, result: Result, retry: bool) -> None:
        """Note how an attempt ended; with `retry` the next one waits to be handed out."""
        self.result = result
        if result.reason in MAX_LOST:
            self.n_lost[result.reason] += 1
        self.status = "waiting" if retry else "ended"
        if retry:
            more = 1 if result.reason in LOST else 2
            parts = max(self.assignment.micro_batches, more)
            self.assignment = replace(
                self.assignment, attempt=self.assignment.attempt + 1, micro_batches=parts
            )


@dataclass(frozen=True)
class Trial:
    """A trial as its study knows it.

    Args:
        state: as in the tables; ``queued`` while it waits for its next attempt.
        score: the primary one of the best epoch; None while it has none.
        curve: (epoch, best primary score so far) at each rung that it reached.
    """

    number: int
    family: str
    values: Mapping[str, Scalar]
    configuration: Configuration
    seed: int
    origin: Origin
    state: TrialState
    attempt: int
    reason: str | None = None
    score: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    feasible: bool = True
    n_epochs: int = 0
    seconds: float = 0.0
    curve: tuple[tuple[int, float | None], ...] = ()


def view(work: Work, primary: str) -> Trial:
    """The trial that a piece of work is."""
    assignment, result = work.assignment, work.result
    assert assignment.trial is not None
    known = result if work.status == "ended" and result is not None else Result("failed")
    return Trial(
        number=assignment.trial,
        family=assignment.family,
        values=work.values,
        configuration=assignment.configuration,
        seed=assignment.seed,
        origin=assignment.origin,
        state=_STATES.get(work.status, known.state),
        attempt=assignment.attempt,
        reason=known.reason,
        score=known.scores.get(primary),
        scores=known.scores,
        feasible=known.feasible,
        n_epochs=known.n_epochs,
        seconds=known.seconds,
        curve=tuple((epoch, score) for epoch, (score, _) in work.rungs.items()),
    )


def judged(kind: Kind, result: Result, objectives: Sequence[str]) -> Result:
    """The result as its scores bear it out: trained, but without a number for an objective, it failed."""
    if result.state == "failed":
        assert result.reason is None or result.reason in REASONS, result.reason
        return replace(result, reason=result.reason or "error")
    if kind != "trial":
        return replace(result, reason=None)  # its scores are the tables' affair, not the study's
    if result.state == "stopped" and not result.feasible:
        return replace(result, reason=None)  # it was not trained, as its size alone breaks a constraint
    needed = objectives if result.state == "complete" else objectives[:1]
    if all(math.isfinite(result.scores.get(name, math.nan)) for name in needed):
        return replace(result, reason=None)
    return replace(result, state="failed", reason="diverged")
