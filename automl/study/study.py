"""The study of one search: what is tried next, what is stopped early, what is trained again.

Pure: no Ray, no clock, no files. Its state is a function of its plan and its journal, so the same
object runs a real search, its replay after a crash, and a simulation in virtual time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from automl.study import budget, journal
from automl.study.history import History
from automl.study.journal import Entry
from automl.study.plan import Answer, Assignment, Decision, Kind, Plan, Result
from automl.study.progress import Phase, Progress, progress
from automl.study.suggestions import Suggestions
from automl.study.work import Trial, Work, judged, view


class Study:
    """Asked for work by workers, and told what became of it.

    `now` is always the seconds that the search has run so far, over all its terms.

    Args:
        write: keeps journal entries durably, in order. It is called before an answer that depends on
            them leaves; when it raises, the study must be replayed before it is used again.

    Raises:
        SpecError: the queue does not fit the spaces.
        NotFoundError: there is no such sampler.
    """

    def __init__(self, plan: Plan, write: Callable[[list[Entry]], None]) -> None:
        assert plan.spaces, plan
        assert plan.objectives, plan
        self._plan = plan
        self._write = write
        self._history = History(plan)
        self._suggestions = Suggestions(plan)
        self._unwritten: list[Entry] = []

    @classmethod
    def replay(cls, plan: Plan, write: Callable[[list[Entry]], None], entries: Iterable[Entry]) -> Study:
        """The study as it was when it had written these entries; what ran then is `unfinished`."""
        study = cls(plan, write)
        for entry in entries:
            study._apply(entry)
        return study

    def ask(self, k: int, now: float) -> Answer:
        """Up to `k` pieces of work; none while others must end first, or for ever once done."""
        assignments: list[Assignment] = []
        while len(assignments) < k:
            work = self._next(now)
            if work is None:
                break
            assignments.append(work.assignment)
        self._flush()
        return Answer(tuple(assignments), done=not assignments and self._phase() == "done")

    def report(
        self, name: str, kind: Kind, attempt: int, epoch: int, score: float, now: float = 0.0
    ) -> Decision:
        """Whether the attempt goes on after this epoch; `score` is the epoch's primary one.

        A trial stops at a rung, or when the time that is left is needed for the refits.
        """
        if kind != "trial":
            return "go"
        if self.is_late(now):
            return "stop"
        if len(self._plan.objectives) > 1:
            return "go"
        work = self._history.work[kind, name]
        if (work.status, work.assignment.attempt) != ("running", attempt):
            return "go"  # it was lost, or has ended; what it says of itself changes nothing
        best = work.improve(attempt, score, self._plan.objectives[0].goal)
        if epoch not in self._history.ladder:
            return "go"
        if epoch not in work.rungs:
            go = self._history.ladder.goes_on(epoch, best)
            self._decide(journal.rung(int(name), attempt, epoch, best, go))
            self._flush()
        return "go" if work.rungs[epoch][1] else "stop"

    def is_late(self, now: float) -> bool:
        """Whether trials that run must stop, so that the refits of those that ended fit into the time."""
        return budget.trials_are_late(self._plan, self._history, now)

    def finish(self, kind: Kind, name: str, attempt: int, result: Result, now: float) -> None:
        """An attempt ended; told again, or told of an attempt that was lost since, it changes nothing.

        It is written with the next answer at the latest: until then the record is what counts.
        """
        work = self._history.work.get((kind, name))
        assert work is not None, f"{kind} {name} was never begun"
        assert attempt <= work.assignment.attempt, f"attempt {attempt} at {kind} {name} was never begun"
        if work.status != "running" or attempt < work.assignment.attempt:
            return
        result = judged(kind, result, [objective.name for objective in self._plan.objectives])
        retry = work.may_retry(result) and self._may_go_on(kind, now)
        self._decide(journal.finish(kind, name, attempt, result, retry))

    def lose(self, kind: Kind, name: str, attempt: int, reason: str, now: float) -> None:
        """The worker of an attempt is gone; unless that happened too often, another one follows."""
        self.finish(kind, name, attempt, Result("failed", reason=reason), now)

    def unfinished(self) -> list[Assignment]:
        """What was handed out and has not ended."""
        return [work.assignment for work in self._history.running.values()]

    def stop_asking(self, why: str) -> None:
        """Nothing new is handed out any more, refits included; what runs may finish."""
        if self._history.stopped is None or self._history.stopped["refits"]:
            self._decide(journal.stop("user", None, why))
            self._flush()

    def reopen(self) -> bool:
        """Let a search that has ended go on, where its user stopped it or has extended its budget.

        Call it once after a replay; the finalists are then chosen anew, and their refits kept.
        """
        stopped = self._history.stopped
        if stopped is None:
            return False
        cause = stopped["cause"]
        if cause != "user" and budget.bound(self._plan, cause) == stopped["bound"]:
            return False
        self._decide(journal.reopen())
        self._flush()
        return True

    def progress(self, now: float) -> Progress:
        return progress(self._plan, self._history, self._phase(), now)

    def history(self) -> list[Trial]:
        """Every trial so far, by number."""
        primary = self._plan.objectives[0].name
        return [view(work, primary) for work in self._history.trials]

    def _next(self, now: float) -> Work | None:
        """The next piece of work, decided and noted; None where there is none now."""
        history = self._history
        if any(kind == "trial" for kind, _ in history.waiting) and self.is_late(now):
            self._decide(budget.out_of_time(self._plan))  # with which they end
        if history.waiting:
            work = next(iter(history.waiting.values()))
            return self._hand_out(work.assignment)
        if history.stopped is None:
            for name in self._plan.baselines:
                if ("baseline", name) not in history.work:
                    return self._hand_out(history.first_attempt("baseline", name))
            ended = budget.end(self._plan, history, now)
            if ended is None:
                self._decide(self._suggestions.next(history))
                return history.trials[-1]
            self._decide(ended)
        if history.finalists is None and self._phase() == "search" and not history.n_trials_open:
            self._decide(budget.choose_finalists(self._plan, history, now))
        if (late := budget.late_refits(self._plan, history, now)) is not None:
            self._decide(late)
        if history.pending_refits:
            trial, index = history.pending_refits[0]
            return self._hand_out(history.first_attempt("refit", f"{trial}-{index}"))
        return None

    def _hand_out(self, assignment: Assignment) -> Work:
        self._decide(journal.attempt(assignment))
        return self._history.work[assignment.kind, assignment.name]

    def _decide(self, entry: Entry) -> None:
        self._unwritten.append(entry)
        self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        """The one place where the state changes, live and in a replay."""
        waiting = list(self._history.waiting)
        self._history.apply(entry)
        work = self._history.work
        if entry["event"] == "suggest":
            self._suggestions.begin(self._history.trials[-1])
        elif entry["event"] in ("finish", "stop"):
            ended = [(entry["kind"], entry["name"])] if entry["event"] == "finish" else waiting
            for kind, name in ended:
                found = work[kind, name]
                if kind == "trial" and found.status == "ended" and found.result is not None:
                    self._suggestions.finish(found, found.result)

    def _flush(self) -> None:
        if self._unwritten:
            self._write(self._unwritten)
            self._unwritten = []

    def _may_go_on(self, kind: Kind, now: float) -> bool:
        """Whether work of this kind may be tried again at this time."""
        stopped = self._history.stopped
        if stopped is not None and not stopped["refits" if kind == "refit" else "retries"]:
            return False
        return self._plan.budget.seconds is None or now < self._plan.budget.seconds

    def _phase(self) -> Phase:
        history = self._history
        if history.stopped is None:
            waiting = any(("baseline", name) not in history.work for name in self._plan.baselines)
            return "baselines" if waiting else "search"
        if history.n_trials_open or (history.stopped["refits"] and history.finalists is None):
            return "search"
        return "refit" if history.running or history.waiting or history.pending_refits else "done"
