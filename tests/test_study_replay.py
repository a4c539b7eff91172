"""The journal alone restores a study, wherever it was cut."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_simulation import Simulation, plan, train

from automl.study import Assignment, Budget, Plan, Study

_TESTS = Path(__file__).parent


def unlucky(_work: Assignment, rng: random.Random) -> str | None:
    return rng.choice(("lost_worker", "diverged", "out_of_memory_gpu")) if rng.random() < 0.2 else None


def next_decisions(wanted: Plan, entries: list[dict[str, Any]], n: int = 6) -> list[Any]:
    """What a study replayed from these entries has and what it does next."""
    written: list[dict[str, Any]] = []
    study = Study.replay(wanted, written.extend, entries)
    seen: list[Any] = [study.history(), study.progress(50.0), study.unfinished()]
    for work in study.unfinished():
        study.lose(work.kind, work.name, work.attempt, "lost_node", 50.0)
    for work in study.ask(n, 50.0).assignments:
        seen.append(work)
        study.finish(work.kind, work.name, work.attempt, train(study, work), 51.0)
    seen.append(study.ask(n, 52.0))
    return [*seen, written]


@pytest.fixture(scope="module", params=["random", "tpe"])
def simulation(request: pytest.FixtureRequest) -> Simulation:
    done = Simulation(plan(sampler=request.param), unlucky)
    done.run(seed=3)
    return done


@settings(max_examples=50)
@given(st.data())
def test_replay_of_any_cut_does_the_same(simulation: Simulation, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(simulation.journal)))
    entries = simulation.journal[:cut]
    assert next_decisions(simulation.plan, entries) == next_decisions(simulation.plan, entries)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
@pytest.mark.parametrize("n_steps", [3, 17, 40, 61])
def test_replay_equals_the_live_study(sampler: str, n_steps: int) -> None:
    wanted = plan(sampler=sampler, budget=Budget(trials=50))
    entries: list[dict[str, Any]] = []
    live, rng = Study(wanted, entries.extend), random.Random(n_steps)
    running: list[Assignment] = []
    for _ in range(n_steps):
        running += live.ask(1, 0.0).assignments
        if len(running) > 4 or rng.random() < 0.3:
            work = running.pop(rng.randrange(len(running)))
            live.finish(work.kind, work.name, work.attempt, train(live, work), 0.0)
    live.ask(0, 0.0)  # what is buffered is written
    replayed = Study.replay(wanted, lambda _entries: None, list(entries))
    assert replayed.history() == live.history()
    assert replayed.unfinished() == live.unfinished()
    assert replayed.progress(1.0) == live.progress(1.0)
    assert replayed.ask(8, 1.0) == live.ask(8, 1.0)


def test_search_cut_again_and_again_ends_with_its_budget(simulation: Simulation) -> None:
    rng, entries = random.Random(1), list[dict[str, Any]]()
    for _ in range(200):
        study = Study.replay(simulation.plan, entries.extend, list(entries))
        for work in study.unfinished():
            study.lose(work.kind, work.name, work.attempt, "preempted", 0.0)
        for _ in range(rng.randrange(8)):
            for work in study.ask(2, 0.0).assignments:
                if rng.random() < 0.8:
                    study.finish(work.kind, work.name, work.attempt, train(study, work), 0.0)
        if study.ask(1, 0.0).done:
            break
    progress = study.progress(0.0)
    assert progress.phase == "done"
    assert progress.n_complete + progress.n_stopped + progress.n_failed == 30
    assert progress.n_refits_done == 4


def test_suggestions_of_tpe_hold_across_processes() -> None:
    code = (
        "from study_simulation import *; s = Simulation(plan(sampler='tpe', budget=Budget(trials=25)));"
        "s.run(); print([e.get('values') for e in s.journal])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{_TESTS}:{_TESTS.parent}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
