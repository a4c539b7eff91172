"""What every sampler of the catalogue keeps to."""

from __future__ import annotations

from statistics import mean

import pytest

from automl import catalog
from automl.space import Choice, Float, Int, fill, flatten
from automl.study import Objective
from automl.study.sampler import Outcome, Suggester, Values

SPACE = {
    "x": Float(-5, 5),
    "rate": Float(1e-4, 1, log=True),
    "width": Int(1, 64, log=True),
    "fixed": 3,
    "norm": Choice(("batch", None, 1, True, 1.0)),
    "optimizer": Choice({"sgd": {"momentum": Float(0, 0.9), "deep": {"n": Int(2, 2)}}, "adam": {}}),
}
LEAST = (Objective("loss", "min"),)
samplers = pytest.mark.parametrize("name", catalog.names("sampler"))


def loss(values: Values) -> float:
    return (float(values["x"] or 0) - 1) ** 2 + (0 if values["optimizer"] == "adam" else 1)


def outcome(number: int, values: Values) -> Outcome:
    """Complete, stopped, infeasible and failed trials by turns."""
    if number % 7 == 3:
        return Outcome("failed")
    if number % 5 == 4:
        return Outcome("stopped", (loss(values),), ((2, loss(values) + 1), (6, loss(values))))
    return Outcome("complete", (loss(values),), (), feasible=number % 11 != 5)


def drive(suggester: Suggester, n: int, n_running: int = 3) -> list[Values]:
    tried: list[Values] = []
    for number in range(n):
        tried.append(suggester.suggest(number * 31, {}))
        suggester.begin(number, tried[-1])
        if number >= n_running:
            ended = number - n_running
            suggester.finish(ended, outcome(ended, tried[ended]))
    return tried


@samplers
def test_sampler_suggests_inside_the_space(name: str) -> None:
    for values in drive(catalog.sampler(name).start(SPACE, LEAST), 60):
        configuration = fill(SPACE, lambda path, _: values[path])  # noqa: B023
        assert flatten(SPACE, configuration) == values


@samplers
def test_sampler_is_a_function_of_seed_and_history(name: str) -> None:
    start = catalog.sampler(name).start
    assert drive(start(SPACE, LEAST), 40) == drive(start(SPACE, LEAST), 40)
    suggester = start(SPACE, LEAST)
    drive(suggester, 40)
    assert suggester.suggest(1, {}) == suggester.suggest(1, {})
    assert suggester.suggest(1, {}) != suggester.suggest(2, {})


@samplers
@pytest.mark.parametrize("n", [5, 30])
def test_sampler_told_without_being_asked_suggests_the_same(name: str, n: int) -> None:
    live, replayed = (catalog.sampler(name).start(SPACE, LEAST) for _ in range(2))
    tried = drive(live, n)
    for number, values in enumerate(tried):
        replayed.begin(number, values)
        if number >= 3:
            replayed.finish(number - 3, outcome(number - 3, tried[number - 3]))
    assert [live.suggest(seed, {}) for seed in range(5)] == [replayed.suggest(seed, {}) for seed in range(5)]


@samplers
def test_sampler_keeps_fixed_values(name: str) -> None:
    suggester = catalog.sampler(name).start(SPACE, LEAST)
    drive(suggester, 20)
    fixed = {"x": 2.5, "optimizer": "sgd", "optimizer.sgd.momentum": 0.25, "norm": True}
    values = suggester.suggest(4, fixed)
    assert {path: values[path] for path in fixed} == fixed
    assert values["norm"] is True


@samplers
def test_sampler_gets_near_the_best_of_a_toy(name: str) -> None:
    tried = drive(catalog.sampler(name).start(SPACE, LEAST), 60)
    assert min(map(loss, tried)) < 0.5
    if name != "random":
        uniform = drive(catalog.sampler("random").start(SPACE, LEAST), 60)
        assert mean(map(loss, tried[30:])) < 0.5 * mean(map(loss, uniform[30:]))


@samplers
def test_sampler_takes_several_objectives_and_a_history_of_failures(name: str) -> None:
    suggester = catalog.sampler(name).start(SPACE, (Objective("accuracy", "max"), Objective("ms", "min")))
    for number in range(30):
        values = suggester.suggest(number, {})
        suggester.begin(number, values)
        states = (Outcome("failed"), Outcome("stopped", (0.1,)), Outcome("complete", (loss(values), 1.0)))
        suggester.finish(number, states[number % 3])
    assert suggester.suggest(0, {}).keys() >= {"x", "rate", "width", "norm", "optimizer"}


@samplers
def test_sampler_handles_a_space_with_nothing_open(name: str) -> None:
    suggester = catalog.sampler(name).start({"depth": 2}, LEAST)
    for number in range(12):
        assert suggester.suggest(number, {}) == {}
        suggester.begin(number, {})
        suggester.finish(number, Outcome("complete", (1.0,)))
