"""A search in virtual time: workers that train nothing, finish, fail and get lost."""

from __future__ import annotations

import heapq
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from automl.space import Choice, Float, Int
from automl.study import Assignment, Budget, Objective, Plan, Result, Study

SPACE = {
    "rate": Float(1e-4, 1.0, log=True),
    "depth": Int(1, 8),
    "optimizer": Choice({"sgd": {"momentum": Float(0, 0.9)}, "adam": {}}),
}
EPOCHS = 9


def plan(**changes: Any) -> Plan:
    fields: dict[str, Any] = {
        "spaces": {"one": SPACE, "two": {"rate": Float(1e-4, 1.0, log=True)}},
        "objectives": (Objective("accuracy", "max"),),
        "epochs": EPOCHS,
        "seed": 0,
        "budget": Budget(trials=30),
        "queue": (("one", {"optimizer.sgd.momentum": 0.5}),),
        "sampler": "random",
        "rungs": (2, 6),
        "top": 2,
        "seeds": 2,
        "baselines": ("majority", "linear"),
        "n_workers": 3,
    }
    return Plan(**{**fields, **changes})


def accuracy(work: Assignment, epoch: int = EPOCHS) -> float:
    distance = abs(float(work.configuration.get("rate", 1.0)) - 0.1) + (work.seed % 97) / 1e4
    return max(0.0, 1.0 - distance) * epoch / (epoch + 1)


def train(study: Study, work: Assignment, n_epochs: int = EPOCHS) -> Result:
    """The result of an attempt that nothing befalls."""
    for epoch in range(1, n_epochs + 1):
        if study.report(work.name, work.kind, work.attempt, epoch, accuracy(work, epoch)) == "stop":
            return Result("stopped", {"accuracy": accuracy(work, epoch)}, None, epoch, epoch)
    return Result("complete", {"accuracy": accuracy(work)}, None, n_epochs, n_epochs)


Fate = Callable[[Assignment, random.Random], str | None]  # the reason for which an attempt fails


@dataclass
class Simulation:
    """Drives a study to its end with `n_workers` workers, and keeps what it saw."""

    plan: Plan
    fate: Fate = lambda _work, _rng: None
    n_workers: int = 3
    journal: list[dict[str, Any]] = field(default_factory=list)
    handed: list[Assignment] = field(default_factory=list)
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    now: float = 0.0

    def write(self, entries: list[dict[str, Any]]) -> None:
        self.journal += json.loads(json.dumps(entries, allow_nan=False))

    def run(self, seed: int = 0) -> Study:
        study, rng = Study(self.plan, self.write), random.Random(seed)
        busy: list[tuple[float, int, Assignment]] = []
        for _ in range(100_000):
            answer = study.ask(self.n_workers - len(busy), self.now) if len(busy) < self.n_workers else None
            if answer is not None and answer.done:
                assert not busy
                assert study.ask(5, self.now).assignments == ()
                return study
            for work in answer.assignments if answer is not None else ():
                self.handed.append(work)
                heapq.heappush(busy, (self.now + rng.uniform(1, 10), len(self.handed), work))
            assert busy, "nothing runs, nothing is handed out, and yet it is not done"
            self.now, _, work = heapq.heappop(busy)
            self._end(study, work, rng)
        raise AssertionError("the search does not end")

    def _end(self, study: Study, work: Assignment, rng: random.Random) -> None:
        reason = self.fate(work, rng)
        if reason in ("lost_worker", "preempted", "hung"):
            study.lose(work.kind, work.name, work.attempt, str(reason), self.now)
        elif reason is not None:
            study.finish(work.kind, work.name, work.attempt, Result("failed", reason=reason), self.now)
        else:
            study.finish(work.kind, work.name, work.attempt, train(study, work), self.now)
