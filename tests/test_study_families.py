"""How a search shares its time over families."""

from __future__ import annotations

from collections import Counter

from automl.space import Float
from automl.study.families import N_FIRST, choose_family
from automl.study.history import FamilyRecord
from automl.study.plan import Budget, Objective, Plan


def plan(seconds: float | None = 1000.0) -> Plan:
    spaces = {name: {"x": Float(0.0, 1.0)} for name in ("a", "b", "c")}
    return Plan(spaces, (Objective("rmse", "min"),), epochs=9, seed=0, budget=Budget(seconds=seconds))


def record(n_started: int, n_ended: int = 0, seconds: float = 0.0, *scores: float) -> FamilyRecord:
    return FamilyRecord(n_started, n_ended, seconds, True, list(scores))


def counted(families: dict[str, FamilyRecord], n: int = 2000) -> Counter[str]:
    return Counter(choose_family(plan(), families, number) for number in range(n))


def test_every_family_is_tried_once_before_any_is_tried_again() -> None:
    families = {"a": record(1, 1, 1.0, 0.5), "b": record(1), "c": FamilyRecord()}
    assert choose_family(plan(), families, 2) == "c"


def test_first_trials_go_to_those_that_used_least_time() -> None:
    families = {"a": record(2, 2, 20.0), "b": record(1, 1, 90.0), "c": record(2, 1, 15.0)}
    assert choose_family(plan(), families, 5) == "a"  # 20 seconds, against 90 and 30 expected


def test_family_whose_first_trial_still_runs_waits_for_it() -> None:
    families = {"a": record(N_FIRST, 4, 40.0, 0.2), "b": record(1), "c": record(3, 3, 40.0, 0.3)}
    assert choose_family(plan(), families, 8) == "c"
    families["c"] = record(N_FIRST, 4, 50.0, 0.3)
    assert set(counted(families)) == {"a", "c"}
    families["a"], families["c"] = record(1), record(2)
    assert choose_family(plan(), families, 4) in ("a", "b")  # nobody knows anything: by turns


def test_slow_family_has_no_more_first_trials_than_its_part_of_the_time() -> None:
    families = {"a": record(4, 4, 40.0, 0.2), "b": record(1, 1, 150.0, 0.1), "c": record(4, 4, 40.0, 0.3)}
    chosen = counted(families)
    assert set(chosen) == {"a", "b", "c"}  # b is compared already, after one trial
    without_time = Counter(choose_family(plan(None), families, number) for number in range(50))
    assert without_time == {"b": 50}  # where there is time without end it has all its first trials


def test_shares_are_of_time_and_nobody_starves() -> None:
    families = {
        "a": record(9, 9, 90.0, 0.1, 0.2, 0.3),  # the best, 10 seconds a trial
        "b": record(9, 9, 900.0, 0.4, 0.5, 0.6),  # ten times as slow
        "c": record(9, 9, 90.0),  # nothing complete
    }
    n = counted(families, 20_000)
    seconds = {"a": n["a"] * 10.0, "b": n["b"] * 100.0, "c": n["c"] * 10.0}
    share = {name: value / sum(seconds.values()) for name, value in seconds.items()}
    assert share["a"] > share["b"] > share["c"] > 0.1
    assert 0.5 < share["a"] < 0.65
