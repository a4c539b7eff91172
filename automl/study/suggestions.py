"""Which trial comes next: from the queue, the default of a family, or its sampler."""

from __future__ import annotations

from collections.abc import Mapping

from automl import catalog
from automl.errors import SpecError, nearest
from automl.space import Choice, Scalar, leaves
from automl.study import journal
from automl.study.families import choose_family
from automl.study.history import FamilyRecord, History, as_key, defaults
from automl.study.journal import Entry
from automl.study.plan import Origin, Plan, Result
from automl.study.sampler import Outcome, Values
from automl.study.seeds import derive
from automl.study.work import Work

_N_TRIES = 8  # suggestions before a configuration that was tried already is tried again


class Suggestions:
    """The queue and one started sampler per family."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._queue = [(family, completed(plan, family, given)) for family, given in plan.queue]
        sampler = catalog.sampler(plan.sampler)
        self._origin: Origin = "random" if sampler.name == "random" else "sampler"
        self._suggesters = {
            family: sampler.start(space, plan.objectives) for family, space in plan.spaces.items()
        }

    def next(self, history: History) -> Entry:
        """The entry that opens the next trial: a function of the plan and the history alone."""
        number = len(history.trials)
        origin: Origin = self._origin
        if number < len(self._queue):
            origin = "queue"
            family, fixed = self._queue[number]
            values = self._suggesters[family].suggest(derive(self._plan.seed, "suggestion", number), fixed)
        else:
            family = choose_family(self._plan, history.families, number)
            record = history.families[family]
            values = defaults(self._plan.spaces[family])
            if record.had_default:
                values = self._fresh(family, record, number)
            else:
                origin = "portfolio"
        return journal.suggest(number, family, values, derive(self._plan.seed, "trial", number), origin)

    def _fresh(self, family: str, record: FamilyRecord, number: int) -> Values:
        for tries in range(_N_TRIES):
            seed = derive(self._plan.seed, "suggestion", number, tries)
            values = self._suggesters[family].suggest(seed, {})
            if as_key(values) not in record.tried:
                break
        return values

    def begin(self, work: Work) -> None:
        assignment = work.assignment
        assert assignment.trial is not None
        self._suggesters[assignment.family].begin(assignment.trial, work.values)

    def finish(self, work: Work, result: Result) -> None:
        assignment = work.assignment
        assert assignment.trial is not None
        names = [objective.name for objective in self._plan.objectives]
        scores = tuple(result.scores[name] for name in names if name in result.scores)
        curve = tuple((epoch, score) for epoch, (score, _) in work.rungs.items() if score is not None)
        outcome = Outcome(result.state, scores, curve, result.feasible)
        self._suggesters[assignment.family].finish(assignment.trial, outcome)


def completed(plan: Plan, family: str, given: Mapping[str, Scalar]) -> Values:
    """The values of one entry of the queue, with the branches that their paths imply.

    Raises:
        SpecError: no such family or parameter, or a value outside the space.
    """
    if family not in plan.spaces:
        raise SpecError(f"The queue names the family {family!r}: {nearest(family, plan.spaces)}")
    known = dict(leaves(plan.spaces[family]))
    values: Values = dict(given)
    for path in given:
        if path not in known:
            raise SpecError(f"The queue gives {path} of {family}: {nearest(path, known)}")
        for parent, leaf in known.items():
            if path.startswith(f"{parent}.") and isinstance(leaf, Choice):
                branch = next(name for name in leaf.names if path.startswith(f"{parent}.{name}."))
                if values.setdefault(parent, branch) != branch:
                    raise SpecError(
                        f"The queue gives {path} of {family}, which belongs to {parent}: {branch}, "
                        f"but it gives {parent}: {values[parent]!r} too; leave one out."
                    )
    for path, value in values.items():
        if not known[path].contains(value):
            raise SpecError(f"The queue gives {path} of {family} the value {value!r}, outside its space.")
    return values
