"""The tree-structured Parzen estimator of Optuna, told the truth about every trial.

Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011; the multivariate form
and its group decomposition for conditional spaces as in Optuna 5.

A complete trial is told as complete, a stopped one as pruned with its scores at the rungs, a failed
one as failed, an infeasible one as violating a constraint, and a running one counts as a bad one
(the constant liar), so that workers do not all try the same. Optuna's study is a cache in memory:
what it holds, and in which order, follows from the calls of `begin` and `finish` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from automl.space import Choice, Float, Int, Leaf, Scalar, Space, fill, leaves
from automl.study.plan import Objective
from automl.study.sampler import Outcome, Sampler, Values
from automl.study.samplers._told import Told, kept
from automl.study.samplers.random import draw

N_STARTUP = 8  # finished trials of a family before the model is asked
CAP = 250  # finished trials that the model sees: a suggestion takes some 3 ms after any number of trials
_FEW = 16  # whole numbers in a range that are modelled as such
_SLACK = 25  # finished trials above the cap before the excess is dropped


class TpeSuggester:
    """Suggestions of Optuna's TPE from a capped history."""

    def __init__(self, space: Space, objectives: tuple[Objective, ...]) -> None:
        self._space = space
        self._objectives = objectives
        self._leaves = dict(leaves(space))
        self._distributions = {path: _distribution(leaf) for path, leaf in self._leaves.items()}
        self._groups = _groups(self._distributions)
        self._n_events = 0
        self._running: dict[int, Told] = {}
        self._finished: list[Told] = []
        self._study: Any = None  # built when first asked; so that a replay costs little
        self._probe: Any = None
        self._optuna_numbers: dict[int, int] = {}

    def suggest(self, seed: int, fixed: Mapping[str, Scalar]) -> Values:
        if self._study is None or len(self._study.get_trials(deepcopy=False)) > 4 * CAP:
            self._build()  # at first, and where what ran and what failed have piled up
        sampler, rng = _sampler(seed), np.random.default_rng(seed)
        modelled: dict[str, Any] = {}  # by path, for the groups that were reached so far
        values: Values = {}

        def choose(path: str, leaf: Leaf) -> Scalar:
            group = self._groups.get(path, {})
            if path not in modelled and group and path not in fixed:
                modelled.update(sampler.sample_relative(self._study, self._probe, group))
            if path in fixed:
                values[path] = fixed[path]
            elif path in modelled:
                values[path] = _external(leaf, modelled[path])
            else:  # too little history yet, or there is nothing to choose
                values[path] = draw(rng, leaf)
            return values[path]

        fill(self._space, choose)
        return values

    def begin(self, number: int, values: Mapping[str, Scalar]) -> None:
        entry = self._running[number] = Told(number, self._next_place(), dict(values))
        if self._study is not None:
            self._add(entry)

    def finish(self, number: int, outcome: Outcome) -> None:
        values = self._running.pop(number).values
        if self._study is not None:
            self._study.tell(self._optuna_numbers.pop(number), state=TrialState.FAIL)
        entry = Told(number, self._next_place(), values, outcome)
        if self._study is not None:
            self._add(entry)
        if outcome.state == "failed":  # the model has no use for it, so that a rebuilt one may lack it
            return
        self._finished.append(entry)
        if len(self._finished) >= CAP + _SLACK:
            self._finished = kept(self._finished, CAP, self._objectives[0].goal)
            self._study = None

    def _next_place(self) -> int:
        self._n_events += 1
        return self._n_events

    def _build(self) -> None:
        optuna.logging.get_logger("optuna").setLevel("WARNING")
        goals = {"max": "maximize", "min": "minimize"}
        directions = [goals[objective.goal] for objective in self._objectives]
        self._study = optuna.create_study(directions=directions)
        self._study.ask()  # stands for whatever is suggested next; without values, the model ignores it
        self._probe = self._study.get_trials(deepcopy=False)[0]
        self._optuna_numbers.clear()
        for entry in sorted([*self._finished, *self._running.values()], key=lambda entry: entry.place):
            self._add(entry)

    def _add(self, entry: Told) -> None:
        described: dict[str, Any] = {
            "params": {path: self._internal(path, value) for path, value in entry.values.items()},
            "distributions": {path: self._distributions[path] for path in entry.values},
        }
        outcome = entry.outcome
        if outcome is not None:
            described["user_attrs"] = {"trial": entry.number}
        if outcome is None:
            self._optuna_numbers[entry.number] = len(self._study.get_trials(deepcopy=False))
            trial = create_trial(state=TrialState.RUNNING, **described)
        elif outcome.state == "failed":
            trial = create_trial(state=TrialState.FAIL, **described)
        elif outcome.state == "complete":
            violated = {} if outcome.feasible else {"feasible": 1.0}
            trial = create_trial(values=outcome.scores, constraints=violated, **described)
        else:
            seen = dict(outcome.curve) if outcome.feasible and len(self._objectives) == 1 else {}
            trial = create_trial(state=TrialState.PRUNED, intermediate_values=seen, **described)
        self._study.add_trial(trial)

    def _internal(self, path: str, value: Scalar) -> Any:
        leaf = self._leaves[path]
        if isinstance(leaf, Choice):
            return [repr(name) for name in leaf.names].index(repr(value))
        return value if isinstance(leaf, Int) else float(value)  # type: ignore[arg-type]


def _distribution(leaf: Leaf) -> Any:
    """Optuna's range of a leaf; of the options of a choice it sees the places, whatever they are.

    Many whole numbers are modelled as real ones and rounded: Optuna's sums over whole numbers take
    more time than all the rest.
    """
    if isinstance(leaf, Choice):
        return CategoricalDistribution(tuple(range(len(leaf.names))))
    if isinstance(leaf, Float):
        return FloatDistribution(leaf.low, leaf.high, log=leaf.log)
    if leaf.high - leaf.low < _FEW:
        return IntDistribution(leaf.low, leaf.high, log=leaf.log)
    return FloatDistribution(leaf.low - 0.5, leaf.high + 0.5, log=leaf.log)


def _groups(distributions: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By path, the open values of the same branch: they are modelled together.

    A trial has all values of a group or none, so each group is learnt from the trials that reached
    it, as by Optuna's own decomposition; but only the groups that a suggestion reaches cost time.
    """
    choices = [path for path, found in distributions.items() if isinstance(found, CategoricalDistribution)]
    by_branch: dict[str, dict[str, Any]] = {}
    groups: dict[str, dict[str, Any]] = {}
    for path, distribution in sorted(distributions.items()):
        if distribution.single():
            continue
        parent = max((choice for choice in choices if path.startswith(f"{choice}.")), key=len, default="")
        branch = path.removeprefix(parent).split(".")[1] if parent else ""
        group = by_branch.setdefault(f"{parent}.{branch}", {})
        group[path] = distribution
        groups[path] = group
    return groups


def _external(leaf: Leaf, value: Any) -> Scalar:
    """The value of a leaf that Optuna's value means."""
    if isinstance(leaf, Choice):
        return leaf.names[int(value)]
    return min(max(round(value) if isinstance(leaf, Int) else float(value), leaf.low), leaf.high)


def _sampler(seed: int) -> Any:
    return optuna.samplers.TPESampler(
        n_startup_trials=N_STARTUP, multivariate=True, constant_liar=True, seed=seed
    )


def start(space: Space, objectives: tuple[Objective, ...]) -> TpeSuggester:
    return TpeSuggester(space, objectives)


SAMPLER = Sampler("tpe", "Tree-structured Parzen estimator (Optuna), multivariate, history capped.", start)
