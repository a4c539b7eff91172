"""When the search phase ends, and what the refits after it may take."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from statistics import median

from automl.study import journal
from automl.study.history import History
from automl.study.journal import Cause, Entry
from automl.study.plan import Plan
from automl.study.work import LOST

SAFETY = 1.2  # on what is kept back for refits while trials run
HOPE = 0.8  # on what refits take once they begin; those that do not fit after all are cut then
LARGEST_RESERVE = 0.5  # of a budget, kept for refits
N_FAILING = 10  # first trials that fail alike before a search gives up
N_FAILING_ANYHOW = 20  # the same, whatever they fail with


def end(plan: Plan, history: History, now: float) -> Entry | None:
    """The entry that ends the search phase, or None while it goes on."""
    budget, failing = plan.budget, _failing(history)
    best = history.ranked[0][0] if history.ranked else None
    if failing is not None:
        return journal.stop("failing", None, failing)
    if budget.target is not None and best is not None and best <= history.sign * budget.target:
        return journal.stop("target", budget.target, f"The target {budget.target:g} was reached.")
    if budget.plateau is not None and history.n_since_best >= budget.plateau:
        return journal.stop(
            "plateau", budget.plateau, f"{budget.plateau} trials in a row brought nothing better."
        )
    if budget.trials is not None and len(history.trials) >= budget.trials:
        return journal.stop("trials", budget.trials, f"All {budget.trials} trials were started.")
    if budget.seconds is not None and now + time_reserve(plan, history) >= budget.seconds:
        return out_of_time(plan)
    hours = budget.worker_hours
    if hours is not None and spent_seconds(history) + hours_reserve(plan, history) >= allowed_seconds(plan):
        return journal.stop("worker_hours", hours, f"The budget of {hours:g} worker hours was used.")
    return None


def out_of_time(plan: Plan) -> Entry:
    """The entry that ends the search phase since its time is over."""
    assert plan.budget.seconds is not None
    return journal.stop("time", plan.budget.seconds, f"The time of {plan.budget.seconds:g} s was used.")


def bound(plan: Plan, cause: Cause) -> float | None:
    """What the budget says of a cause for ending."""
    bounds = {
        "trials": plan.budget.trials,
        "time": plan.budget.seconds,
        "worker_hours": plan.budget.worker_hours,
        "target": plan.budget.target,
        "plateau": plan.budget.plateau,
    }
    return bounds.get(cause)


def allowed_seconds(plan: Plan) -> float:
    """Seconds of training, summed over workers, that the budget of worker hours allows."""
    assert plan.budget.worker_hours is not None
    return plan.budget.worker_hours * 3600 / plan.budget.worker_units


def spent_seconds(history: History) -> float:
    """Seconds of training, summed over workers; what runs is taken to take as long as what ended."""
    return history.train_seconds + len(history.running) * _typical(history)


def time_reserve(plan: Plan, history: History) -> float:
    """Seconds of wall clock to keep: those of one more trial, which may run to its end, and of the refits."""
    assert plan.budget.seconds is not None
    refits = SAFETY * refit_wall_seconds(plan, history, plan.top * plan.seeds)
    one_more = max(_typical(history), seconds_per_refit(plan, history))
    return min(one_more + refits, LARGEST_RESERVE * plan.budget.seconds)


def trials_are_late(plan: Plan, history: History, now: float) -> bool:
    """Whether trials that run must stop, so that the refits of those that ended fit into the time."""
    seconds = plan.budget.seconds
    if seconds is None:
        return False
    refits = refit_wall_seconds(plan, history, plan.top * plan.seeds)
    return now + min(refits, LARGEST_RESERVE * seconds) > seconds


def hours_reserve(plan: Plan, history: History) -> float:
    predicted = plan.top * plan.seeds * seconds_per_refit(plan, history) * SAFETY
    return min(predicted, LARGEST_RESERVE * allowed_seconds(plan))


def refit_wall_seconds(plan: Plan, history: History, n: int) -> float:
    """Predicted seconds of wall clock that `n` refits take on all workers."""
    return _waves(plan, n) * seconds_per_refit(plan, history)


def seconds_per_refit(plan: Plan, history: History) -> float:
    """What a refit took so far, else what one of the finalists took; 0 before any trial has completed."""
    if history.refit_seconds:
        return median(history.refit_seconds)
    if history.finalists is not None:
        best = [finalist["trial"] for finalist in history.finalists["finalists"]]
    else:
        best = best_trials(history, max(1, plan.top))
    return median(full_seconds(plan, history, number) for number in best) if best else 0.0


def _waves(plan: Plan, n: int) -> int:
    """How many refits one worker trains, one after another, when there are `n`."""
    return -(-n // max(1, plan.n_workers))


def full_seconds(plan: Plan, history: History, number: int) -> float:
    """What a trial took, or would have taken with all its epochs."""
    result = history.trials[number].result
    assert result is not None
    scale = plan.epochs / result.n_epochs if result.state == "stopped" and result.n_epochs else 1.0
    return result.seconds * scale


def best_trials(history: History, top: int) -> list[int]:
    """The numbers of the best feasible trials of different configurations, the best first.

    Those that were stopped early count only where none completed.
    """
    found: dict[str, int] = {}
    for _, number in history.ranked or history.ranked_stopped:
        assignment = history.trials[number].assignment
        found.setdefault(repr((assignment.family, assignment.configuration)), number)
        if len(found) >= top:
            break
    return list(found.values())[:top]


def choose_finalists(plan: Plan, history: History, now: float) -> Entry:
    """The entry that names the finalists and their seeds; what does not fit is cut, aloud."""
    wanted = best_trials(history, plan.top) if plan.top and plan.seeds else []
    if not wanted:
        return journal.refits([], _nothing_to_refit(plan, history))
    left = math.inf if plan.budget.seconds is None else plan.budget.seconds - now
    ranked = best_trials(history, len(history.trials))
    quick = [number for number in ranked if HOPE * full_seconds(plan, history, number) <= left]
    numbers = quick[: plan.top] or [min(ranked, key=lambda number: full_seconds(plan, history, number))]
    seconds = median(full_seconds(plan, history, number) for number in numbers)
    for top, seeds in _sizes(len(numbers), plan.seeds):
        if _fits(plan, history, top * seeds, seconds, now):
            break
    note = ""
    if (top, seeds) != (len(wanted), plan.seeds):
        note = (
            f"The budget that was left allowed {top} x {seeds} refits (finalists x seeds) "
            f"instead of {len(wanted)} x {plan.seeds}."
        )
    for number in wanted:
        if number not in numbers and ranked.index(number) < ranked.index(numbers[-1]):
            note += f" Trial {number} is among the best, but would have taken too long to train again."
    return journal.refits([(number, list(range(seeds))) for number in numbers[:top]], note.strip())


def late_refits(plan: Plan, history: History, now: float) -> Entry | None:
    """The entry that cuts the refits not yet started when another would not end in time.

    One refit at least is always started.
    """
    seconds, pending = plan.budget.seconds, history.pending_refits
    started = any(kind == "refit" for kind, _ in history.work)
    if seconds is None or not pending or not started:
        return None
    if now < seconds and now + HOPE * seconds_per_refit(plan, history) <= seconds:
        return None
    names = [f"{trial}-{index}" for trial, index in pending]
    return journal.cut(
        names,
        f"Refits that would not have ended within the time of {seconds:g} s were not started: {len(names)}.",
    )


def _sizes(top: int, seeds: int) -> Iterator[tuple[int, int]]:
    """(finalists, seeds) from all down to one each: seeds are cut first, then finalists."""
    yield from ((top, n) for n in range(seeds, 0, -1))
    yield from ((n, 1) for n in range(top - 1, 0, -1))


def _fits(plan: Plan, history: History, n: int, seconds: float, now: float) -> bool:
    """Whether `n` refits of so many seconds each fit into what is left of the budget."""
    limit, hours = plan.budget.seconds, plan.budget.worker_hours
    if limit is not None and now + HOPE * _waves(plan, n) * seconds > limit:
        return False
    return hours is None or spent_seconds(history) + n * seconds <= allowed_seconds(plan)


def _typical(history: History) -> float:
    return median(history.recent_seconds) if history.recent_seconds else 0.0


def _failing(history: History) -> str | None:
    """Why the search gives up, where nothing but failures came of its first trials; None where it goes on.

    Trials that were lost with their workers say nothing of it.
    """
    if sum(history.counts.values()) > history.counts["failed"]:
        return None
    own = Counter({reason: n for reason, n in history.reasons.items() if reason not in LOST})
    if len(own) == 1 and own.total() >= N_FAILING:
        return f"The first {N_FAILING} trials all failed with {next(iter(own))}; the search gave up."
    if own.total() >= N_FAILING_ANYHOW:
        said = ", ".join(f"{n} with {reason}" for reason, n in own.most_common())
        return f"The first {N_FAILING_ANYHOW} trials all failed, {said}; the search gave up."
    return None


def _nothing_to_refit(plan: Plan, history: History) -> str:
    if not (plan.top and plan.seeds):
        return ""
    if not history.counts:
        return "No trial was finished, so there is nothing to train again."
    if history.reasons and history.counts["failed"] == sum(history.counts.values()):
        reason, n = history.reasons.most_common(1)[0]
        return f"Every trial failed, most of them ({n}) with {reason}; there is nothing to train again."
    return "No trial met the constraints, so there is nothing to train again."
