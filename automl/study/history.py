"""Everything that happened in a search, built from the entries of its journal and from nothing else."""

from __future__ import annotations

import math
from bisect import insort
from collections import Counter, deque
from dataclasses import dataclass, field

from automl.space import Leaf, Scalar, Space, default, fill
from automl.study import journal
from automl.study.journal import Entry
from automl.study.plan import Assignment, Kind, Plan, Result
from automl.study.rungs import Ladder
from automl.study.seeds import refit_seed
from automl.study.work import Work

Key = tuple[Kind, str]


@dataclass
class FamilyRecord:
    """How one family has done: its trials, their seconds, and its feasible complete scores, the best first."""

    n_started: int = 0
    n_ended: int = 0
    seconds: float = 0.0  # of the training of those that ended
    had_default: bool = False
    ranked: list[float] = field(default_factory=list)  # less is better, whatever the goal
    tried: set[tuple[tuple[str, Scalar], ...]] = field(default_factory=set)

    @property
    def mean_seconds(self) -> float | None:
        """What a trial took, in the mean; None before any has ended."""
        return self.seconds / self.n_ended if self.n_ended else None

    @property
    def expected_seconds(self) -> float:
        """What its trials took, and those that run will have taken; infinite where nobody knows."""
        if self.mean_seconds is None:
            return math.inf if self.n_started else 0.0
        return self.mean_seconds * self.n_started


class History:
    """The state of a study. `apply` is the only way to change it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.sign = -1.0 if plan.objectives[0].goal == "max" else 1.0
        self.work: dict[Key, Work] = {}
        self.trials: list[Work] = []
        self.families = {name: FamilyRecord() for name in plan.spaces}
        self._defaults = {name: as_key(defaults(space)) for name, space in plan.spaces.items()}
        self.ladder = Ladder(plan.rungs, plan.factor, plan.objectives[0].goal)
        self.running: dict[Key, Work] = {}
        self.waiting: dict[Key, Work] = {}
        self.pending_refits: deque[tuple[int, int]] = deque()  # (trial, seed index), not yet started
        self.finalists: Entry | None = None
        self.stopped: Entry | None = None
        self.notes: list[str] = []
        self.counts: Counter[str] = Counter()  # of ended trials, by state
        self.reasons: Counter[str] = Counter()  # of failed trials
        self.n_refits_done = 0
        self.train_seconds = 0.0  # of all attempts that ended
        self.recent_seconds: deque[float] = deque(maxlen=50)  # of ended trials
        self.refit_seconds: list[float] = []  # of complete refits
        self.ranked: list[tuple[float, int]] = []  # feasible complete trials: (less is better, number)
        self.ranked_stopped: list[tuple[float, int]] = []
        self.n_since_best = 0

    def apply(self, entry: Entry) -> None:
        assert entry["v"] <= journal.VERSION, f"a journal of version {entry['v']} needs a newer program"
        getattr(self, f"_{entry['event']}")(entry)

    @property
    def n_trials_open(self) -> int:
        """Trials that run or wait for their next attempt."""
        return sum(kind == "trial" for kind, _ in [*self.running, *self.waiting])

    def score(self, result: Result) -> float | None:
        return result.scores.get(self.plan.objectives[0].name)

    def _suggest(self, entry: Entry) -> None:
        number, family, values = entry["number"], entry["family"], entry["values"]
        assert number == len(self.trials), f"trial {number} follows {len(self.trials) - 1} trials"

        def choose(path: str, leaf: Leaf) -> Scalar:  # noqa: ARG001
            value: Scalar = values[path]
            return value

        configuration = fill(self.plan.spaces[family], choose)
        assignment = Assignment(
            "trial",
            str(number),
            1,
            entry["seed"],
            number,
            family,
            configuration,
            self.plan.epochs,
            origin=entry["origin"],
        )
        work = Work(assignment, values=values)
        self.work["trial", str(number)] = self.running["trial", str(number)] = work
        self.trials.append(work)
        record = self.families[family]
        record.n_started += 1
        record.had_default |= as_key(values) == self._defaults[family]
        record.tried.add(as_key(values))

    def _attempt(self, entry: Entry) -> None:
        key: Key = (entry["kind"], entry["name"])
        work = self.waiting.pop(key, None)
        if work is None:
            work = self.work[key] = Work(self.first_attempt(*key))
            if key[0] == "refit":
                trial, index = map(int, key[1].split("-"))
                self.pending_refits.remove((trial, index))
        assert work.assignment.attempt == entry["attempt"], entry
        work.status = "running"
        self.running[key] = work

    def first_attempt(self, kind: Kind, name: str) -> Assignment:
        """The first attempt at a baseline or a refit."""
        if kind == "baseline":
            return Assignment(kind, name, 1, self.plan.seed)
        trial, index = map(int, name.split("-"))
        tried = self.trials[trial].assignment
        seed = refit_seed(self.plan.seed, trial, index)
        return Assignment(
            kind,
            name,
            1,
            seed,
            trial,
            tried.family,
            tried.configuration,
            self.plan.epochs,
            tried.micro_batches,
            tried.origin,
        )

    def _rung(self, entry: Entry) -> None:
        self.trials[entry["trial"]].rungs[entry["epoch"]] = (entry["score"], entry["go"])
        self.ladder.record(entry["epoch"], entry["score"])

    def _finish(self, entry: Entry) -> None:
        key: Key = (entry["kind"], entry["name"])
        work = self.running.pop(key)
        result = journal.result_of(entry)
        self.train_seconds += result.seconds
        work.end_attempt(result, entry["retry"])
        if entry["retry"]:
            self.waiting[key] = work
        else:
            self._end(key, result)

    def _end(self, key: Key, result: Result) -> None:
        if key[0] == "refit":
            self.n_refits_done += 1
            self.refit_seconds += [result.seconds] if result.state == "complete" else []
        if key[0] != "trial":
            return
        record = self.families[self.work[key].assignment.family]
        record.n_ended += 1
        record.seconds += result.seconds
        if result.reason == "preempted":
            return  # it was not to be tried again, as the time was over: no failure of its own
        self.counts[result.state] += 1
        self.n_since_best += 1
        if result.state == "failed":
            self.reasons[result.reason or "error"] += 1
            return
        self.recent_seconds.append(result.seconds)
        score = self.score(result)
        if score is None or not result.feasible:
            return
        if result.state == "stopped":
            insort(self.ranked_stopped, (self.sign * score, int(key[1])))
            return
        if not self.ranked or self.sign * score < self.ranked[0][0]:
            self.n_since_best = 0
        insort(self.ranked, (self.sign * score, int(key[1])))
        insort(record.ranked, self.sign * score)

    def _stop(self, entry: Entry) -> None:
        self.stopped = entry
        self.notes.append(entry["why"])
        if not entry["refits"]:
            self.pending_refits.clear()
        for key, work in list(self.waiting.items()):
            if not (entry["retries"] if key[0] != "refit" else entry["refits"]):
                del self.waiting[key]
                work.status = "ended"
                assert work.result is not None
                self._end(key, work.result)

    def _refits(self, entry: Entry) -> None:
        self.finalists = entry
        if entry["cut"]:
            self.notes.append(entry["cut"])
        wanted = [
            (finalist["trial"], index) for finalist in entry["finalists"] for index in finalist["seeds"]
        ]
        for trial, index in sorted(wanted, key=lambda refit: refit[1]):  # each finalist's first seed first
            if ("refit", f"{trial}-{index}") not in self.work:
                self.pending_refits.append((trial, index))

    def _cut(self, entry: Entry) -> None:
        self.notes.append(entry["why"])
        for name in entry["names"]:
            trial, index = map(int, name.split("-"))
            self.pending_refits.remove((trial, index))

    def _reopen(self, entry: Entry) -> None:  # noqa: ARG002
        self.stopped = self.finalists = None
        self.pending_refits.clear()
        self.notes.clear()


def as_key(values: dict[str, Scalar]) -> tuple[tuple[str, Scalar], ...]:
    """Values by path in a form that can be looked up."""
    return tuple(sorted(values.items(), key=lambda item: item[0]))


def defaults(space: Space) -> dict[str, Scalar]:
    """The default configuration's values by path."""
    values: dict[str, Scalar] = {}

    def choose(path: str, leaf: Leaf) -> Scalar:
        values[path] = default(path, leaf)
        return values[path]

    fill(space, choose)
    return values
