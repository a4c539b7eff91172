"""How far a search has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from automl.study import budget
from automl.study.history import History
from automl.study.plan import Plan

Phase = Literal["baselines", "search", "refit", "done"]


@dataclass(frozen=True)
class Progress:
    """How far a search has come.

    Args:
        n_complete, n_stopped, n_failed, n_running: trials; those that wait to be tried again count as
            running.
        n_planned: trials in all, or None where something else ends the search.
        best_score: of the best feasible complete trial, in its natural sign.
        n_refits: that are planned; 0 before the finalists are known.
        fraction: of the whole search, refits included, in [0, 1]; None where it cannot be said.
        notes: sentences on why the search ended and what was cut.
    """

    phase: Phase
    n_complete: int
    n_stopped: int
    n_failed: int
    n_running: int
    n_planned: int | None
    best_trial: int | None
    best_score: float | None
    best_family: str | None
    n_refits_done: int
    n_refits: int
    fraction: float | None
    notes: tuple[str, ...]


def progress(plan: Plan, history: History, phase: Phase, now: float) -> Progress:
    value, best = history.ranked[0] if history.ranked else (None, None)
    planned = plan.budget.trials
    if history.stopped is not None:
        planned = len(history.trials)
    n_refits = sum(kind == "refit" for kind, _ in history.work) + len(history.pending_refits)
    return Progress(
        phase=phase,
        n_complete=history.counts["complete"],
        n_stopped=history.counts["stopped"],
        n_failed=history.counts["failed"],
        n_running=history.n_trials_open,
        n_planned=planned,
        best_trial=best,
        best_score=None if value is None else history.sign * value,
        best_family=None if best is None else history.trials[best].assignment.family,
        n_refits_done=history.n_refits_done,
        n_refits=n_refits,
        fraction=1.0 if phase == "done" else _fraction(plan, history, n_refits, now),
        notes=tuple(history.notes),
    )


def _fraction(plan: Plan, history: History, n_refits: int, now: float) -> float | None:
    fractions = []
    n_ended = sum(history.counts.values())
    if plan.budget.trials is not None or history.stopped is not None:
        n_trials = len(history.trials) if history.stopped is not None else plan.budget.trials or 0
        expected = n_refits if history.finalists is not None else plan.top * plan.seeds
        fractions.append((n_ended + history.n_refits_done) / max(1, n_trials + expected))
    if plan.budget.seconds:
        fractions.append(now / plan.budget.seconds)
    if plan.budget.worker_hours:
        fractions.append(history.train_seconds / budget.allowed_seconds(plan))
    return min(1.0, max(fractions)) if fractions else None
