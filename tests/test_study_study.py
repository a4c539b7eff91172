"""The study, driven to its end in virtual time."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace

import pytest
from study_simulation import EPOCHS, Simulation, plan, train

from automl.errors import NotFoundError, SpecError
from automl.space import Float
from automl.study import Assignment, Budget, Objective, Result, Study


def unlucky(_work: Assignment, rng: random.Random) -> str | None:
    reasons = ("lost_worker", "preempted", "diverged", "out_of_memory_gpu", "hung")
    return rng.choice(reasons) if rng.random() < 0.3 else None


@pytest.mark.parametrize("seed", range(5))
def test_simulated_search_ends_every_trial_once(seed: int) -> None:
    simulation = Simulation(plan(budget=Budget(trials=40)), unlucky, n_workers=4)
    study = simulation.run(seed)
    progress = study.progress(simulation.now)
    assert progress.phase == "done"
    assert progress.fraction == 1.0
    assert progress.n_complete + progress.n_stopped + progress.n_failed == 40
    assert progress.n_running == 0
    assert [trial.number for trial in study.history()] == list(range(40))
    final = Counter(
        (entry["kind"], entry["name"])
        for entry in simulation.journal
        if entry["event"] == "finish" and not entry["retry"]
    )
    assert set(final.values()) == {1}
    assert sum(kind == "refit" for kind, _ in final) == 4 == progress.n_refits_done
    attempts = [(work.kind, work.name, work.attempt) for work in simulation.handed]
    assert len(set(attempts)) == len(attempts)


def test_baselines_then_queue_then_defaults_come_first() -> None:
    simulation = Simulation(plan(), n_workers=1)
    simulation.run()
    first = simulation.handed[:5]
    assert [work.kind for work in first] == ["baseline", "baseline", "trial", "trial", "trial"]
    assert first[2].origin == "queue"
    assert first[2].configuration["optimizer"] == {"name": "sgd", "momentum": 0.5}
    assert [(work.family, work.origin) for work in first[3:]] == [("two", "portfolio"), ("one", "portfolio")]
    assert first[4].configuration["rate"] == pytest.approx(0.01)
    assert all(work.origin == "random" for work in simulation.handed[5:32])


def test_refits_repeat_the_best_on_fresh_seeds() -> None:
    simulation = Simulation(plan())
    study = simulation.run()
    refits = [work for work in simulation.handed if work.kind == "refit"]
    best = sorted(
        (trial for trial in study.history() if trial.state == "complete"),
        key=lambda trial: -(trial.score or 0),
    )
    assert [work.name for work in refits] == [f"{trial.number}-{i}" for i in range(2) for trial in best[:2]]
    for trial in best[:2]:
        same = [work for work in refits if work.trial == trial.number]
        assert all(work.configuration == trial.configuration for work in same)
        assert len({trial.seed, *(work.seed for work in same)}) == 3


def test_every_family_goes_on_getting_its_share() -> None:
    low, high = {"rate": Float(0.0, 0.5)}, {"rate": Float(0.9, 1.0)}
    simulation = Simulation(
        plan(spaces={"a": low, "b": low, "c": high}, queue=(), rungs=(), budget=Budget(trials=300))
    )
    shares = Counter(trial.family for trial in simulation.run().history())
    assert 38 <= shares["c"] <= 65  # the worst one: 10 % and a little more
    assert shares["a"] + shares["b"] + shares["c"] == 300


def test_refits_that_do_not_fit_lose_seeds_then_finalists() -> None:
    def cut(now: float) -> tuple[set[str], tuple[str, ...]]:
        budget = Budget(trials=4, seconds=200.0)
        study = Study(
            plan(baselines=(), queue=(), budget=budget, top=3, seeds=3, n_workers=1), lambda _entries: None
        )
        for work in study.ask(4, 0.0).assignments:
            result = Result("complete", {"accuracy": 0.5 + int(work.name) / 10}, None, EPOCHS, 10.0)
            study.finish("trial", work.name, 1, result, 1.0)
        return {work.name for work in study.ask(9, now).assignments}, study.progress(now).notes[1:]

    note = "The budget that was left allowed {} refits (finalists x seeds) instead of 3 x 3."
    assert cut(90.0) == ({f"{trial}-{seed}" for trial in (3, 2, 1) for seed in range(3)}, ())
    assert cut(150.0) == ({f"{t}-{s}" for t in (3, 2, 1) for s in range(2)}, (note.format("3 x 2"),))
    assert cut(182.0) == ({"3-0", "2-0"}, (note.format("2 x 1"),))
    assert cut(199.0) == ({"3-0"}, (note.format("1 x 1"),))


def test_trial_that_is_late_stops_and_one_that_is_too_slow_is_no_finalist() -> None:
    budget = Budget(trials=3, seconds=100.0)
    study = Study(
        plan(baselines=(), queue=(), budget=budget, top=1, seeds=2, n_workers=1), lambda _entries: None
    )
    quick, slow, late = study.ask(3, 0.0).assignments
    study.finish("trial", quick.name, 1, Result("complete", {"accuracy": 0.8}, None, EPOCHS, 10.0), 10.0)
    study.finish("trial", slow.name, 1, Result("complete", {"accuracy": 0.9}, None, EPOCHS, 60.0), 60.0)
    assert study.report(late.name, "trial", 1, 1, 0.7, now=49.0) == "go"
    assert study.report(late.name, "trial", 1, 1, 0.7, now=51.0) == "stop"  # half of the time is for refits
    study.finish("trial", late.name, 1, Result("stopped", {"accuracy": 0.7}, None, 1, 10.0), 70.0)
    assert [work.name for work in study.ask(9, 70.0).assignments] == [f"{quick.name}-0", f"{quick.name}-1"]
    assert study.progress(70.0).notes[1:] == (
        f"Trial {slow.name} is among the best, but would have taken too long to train again.",
    )


def test_time_keeps_a_reserve_for_refits_and_cuts_aloud() -> None:
    simulation = Simulation(plan(budget=Budget(seconds=120.0), n_workers=3))
    progress = simulation.run().progress(simulation.now)
    assert simulation.now < 150
    assert progress.n_refits_done >= 1
    assert "The time of 120 s was used." in progress.notes[0]
    tight = Simulation(plan(budget=Budget(seconds=20.0), top=5, seeds=5, n_workers=3))
    progress = tight.run().progress(tight.now)
    assert 1 <= progress.n_refits_done < 25
    assert any("refits" in note for note in progress.notes[1:])


def test_worker_hours_target_and_plateau_end_a_search() -> None:
    hours = Simulation(plan(budget=Budget(worker_hours=0.1, worker_units=2.0)))
    assert "worker hours" in hours.run().progress(0).notes[0]
    target = Simulation(plan(budget=Budget(target=0.5)))
    assert target.run().progress(0).notes == ("The target 0.5 was reached.",)
    plateau = Simulation(plan(budget=Budget(plateau=12)))
    assert plateau.run().progress(0).notes == ("12 trials in a row brought nothing better.",)


def test_first_trials_that_all_fail_alike_end_the_search() -> None:
    simulation = Simulation(plan(baselines=()), lambda _work, _rng: "bad_data")
    progress = simulation.run().progress(0)
    assert progress.n_failed < 15
    assert progress.notes == (
        "The first 10 trials all failed with bad_data; the search gave up.",
        f"Every trial failed, most of them ({progress.n_failed}) with bad_data; "
        "there is nothing to train again.",
    )


def test_lost_attempts_are_tried_three_times_and_preempted_ones_always() -> None:
    study = Study(plan(baselines=(), queue=()), lambda _entries: None)
    for attempt in range(1, 7):
        (work,) = study.ask(1, 0.0).assignments
        assert (work.name, work.attempt) == ("0", attempt)
        study.lose("trial", "0", attempt, "preempted" if attempt <= 4 else "hung", 0.0)
        study.lose("trial", "0", attempt, "hung", 0.0)  # told twice: no difference
    (work,) = study.ask(1, 0.0).assignments
    study.lose("trial", "0", work.attempt, "hung", 0.0)
    assert study.history()[0].state == "failed"
    assert study.ask(1, 0.0).assignments[0].name == "1"


def test_trial_that_was_put_back_when_the_time_was_over_has_not_failed() -> None:
    study = Study(plan(baselines=(), queue=(), budget=Budget(seconds=100.0)), lambda _entries: None)
    assert [work.name for work in study.ask(2, 0.0).assignments] == ["0", "1"]
    study.lose("trial", "1", 1, "preempted", 99.0)
    study.finish("trial", "0", 1, Result("complete", {"accuracy": 0.5}, seconds=10.0), 99.0)
    assert study.is_late(99.0)
    assert [work.kind for work in study.ask(1, 99.0).assignments] == ["refit"]
    progress = study.progress(99.0)
    assert (progress.n_complete, progress.n_failed, progress.n_running) == (1, 0, 0)
    assert progress.notes[0] == "The time of 100 s was used."
    assert [trial.state for trial in study.history()] == ["complete", "failed"]


def test_memory_that_ran_out_is_tried_once_more_in_smaller_parts() -> None:
    study = Study(plan(baselines=(), queue=()), lambda _entries: None)
    (work,) = study.ask(1, 0.0).assignments
    study.finish("trial", "0", 1, Result("failed", reason="out_of_memory_gpu"), 0.0)
    (work,) = study.ask(1, 0.0).assignments
    assert (work.name, work.attempt, work.micro_batches) == ("0", 2, 2)
    study.finish("trial", "0", 2, Result("failed", reason="out_of_memory_gpu"), 0.0)
    assert [(t.state, t.reason) for t in study.history()] == [("failed", "out_of_memory_gpu")]


def test_complete_without_a_number_counts_as_diverged() -> None:
    study = Study(plan(baselines=(), queue=()), lambda _entries: None)
    study.ask(1, 0.0)
    assert study.report("0", "trial", 1, 2, math.nan) == "stop"
    study.finish("trial", "0", 1, Result("complete", {"accuracy": math.nan}), 0.0)
    assert [(t.state, t.reason, t.score) for t in study.history()] == [("failed", "diverged", None)]


def test_rung_decision_stands_and_other_work_always_goes_on() -> None:
    study = Study(plan(baselines=("mean",), queue=()), lambda _entries: None)
    study.ask(5, 0.0)
    assert study.report("mean", "baseline", 1, 2, 0.0) == "go"
    assert [study.report(str(n), "trial", 1, 2, 0.9 - n / 10) for n in range(4)] == [
        "go",
        "go",
        "stop",
        "stop",
    ]
    assert study.report("2", "trial", 1, 2, 1.0) == "stop"
    assert study.report("2", "trial", 1, 3, 0.1) == "go"
    study.lose("trial", "3", 1, "hung", 0.0)
    assert study.report("3", "trial", 1, 6, 0.0) == "go"
    assert study.history()[3].curve == ((2, pytest.approx(0.6)),)
    several = plan(objectives=(Objective("accuracy", "max"), Objective("ms", "min")), baselines=(), queue=())
    study = Study(several, lambda _entries: None)
    study.ask(4, 0.0)
    assert [study.report(str(n), "trial", 1, 2, 0.9 - n / 10) for n in range(4)] == ["go"] * 4


def test_user_ends_and_resumes_a_search() -> None:
    entries: list[dict] = []
    wanted = plan(baselines=(), queue=())
    study = Study(wanted, entries.extend)
    first, second = study.ask(2, 0.0).assignments
    study.finish("trial", first.name, 1, train(study, first), 1.0)
    study.stop_asking("The user asked for it.")
    assert study.ask(2, 1.0) == study.ask(1, 1.0)
    assert not study.ask(2, 1.0).done
    study.lose("trial", second.name, 1, "lost_worker", 2.0)
    assert study.ask(2, 2.0).done
    assert study.progress(2.0).notes == ("The user asked for it.",)
    again = Study.replay(wanted, entries.extend, list(entries))
    assert again.ask(1, 2.0).done
    assert again.reopen()
    assert again.ask(1, 2.0).assignments[0].name == "2"


def attempts_until_failed(reason: str) -> int:
    study = Study(plan(baselines=(), queue=()), lambda _entries: None)
    name = study.ask(1, 0.0).assignments[0].name
    for attempt in range(1, 100):
        study.lose("trial", name, attempt, reason, 0.0)
        if study.history()[int(name)].state == "failed":
            return attempt
        again = study.ask(1, 0.0).assignments[0]
        assert (again.name, again.attempt) == (name, attempt + 1)
    return 100


@pytest.mark.parametrize(
    ("reason", "n"), [("lost_worker", 3), ("hung", 3), ("lost_node", 20), ("preempted", 100)]
)
def test_who_loses_a_machine_is_tried_longer_than_who_kills_a_worker(reason: str, n: int) -> None:
    assert attempts_until_failed(reason) == n


def test_longer_budget_reopens_a_search_and_keeps_its_refits() -> None:
    simulation = Simulation(plan(budget=Budget(trials=8)))
    simulation.run()
    same = Study.replay(simulation.plan, simulation.write, list(simulation.journal))
    assert not same.reopen()
    simulation.plan = replace(simulation.plan, budget=Budget(trials=12))
    longer = Study.replay(simulation.plan, simulation.write, list(simulation.journal))
    assert longer.reopen()
    names = []
    while not (answer := longer.ask(1, 0.0)).done:
        (work,) = answer.assignments
        names.append(work.name)
        longer.finish(work.kind, work.name, work.attempt, train(longer, work), 0.0)
    assert names[:4] == ["8", "9", "10", "11"]
    assert len(names) <= 8


def test_finalists_fall_back_to_stopped_ones_and_skip_the_infeasible() -> None:
    study = Study(plan(baselines=(), queue=(), budget=Budget(trials=3)), lambda _entries: None)
    works = study.ask(3, 0.0).assignments
    results = (
        Result("complete", {"accuracy": 0.9}, None, 9, 1.0, feasible=False),
        Result("stopped", {"accuracy": 0.3}, None, 2, 1.0),
        Result("stopped", {"accuracy": 0.4}, None, 2, 1.0),
    )
    for work, result in zip(works, results, strict=True):
        study.finish("trial", work.name, 1, result, 1.0)
    assert [work.name for work in study.ask(9, 1.0).assignments] == ["2-0", "1-0", "2-1", "1-1"]


def test_wrong_queues_and_samplers_are_refused() -> None:
    def refused(message: str, *queue: tuple[str, dict]) -> None:
        with pytest.raises(SpecError) as caught:
            Study(plan(queue=queue), print)
        assert str(caught.value) == message

    refused("The queue names the family 'on': did you mean one?", ("on", {}))
    refused("The queue gives dept of one: did you mean depth?", ("one", {"dept": 1}))
    refused("The queue gives depth of one the value 99, outside its space.", ("one", {"depth": 99}))
    refused(
        "The queue gives optimizer.sgd.momentum of one, which belongs to optimizer: sgd, but it gives "
        "optimizer: 'adam' too; leave one out.",
        ("one", {"optimizer": "adam", "optimizer.sgd.momentum": 0.1}),
    )
    with pytest.raises(NotFoundError, match="There is no sampler named 'tp'"):
        Study(plan(sampler="tp"), print)


def test_journal_that_cannot_be_written_gives_nothing_away() -> None:
    def full(_entries: list[dict]) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        Study(plan(), full).ask(1, 0.0)
