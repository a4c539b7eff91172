"""Makes a `Search` of a spec and the data it names: looks everything up, fills every default in."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from automl import catalog
from automl.errors import NotFoundError, RequestError, SpecError, nearest
from automl.family import Family
from automl.hyperparameters import default_epochs
from automl.machine import Machine
from automl.resolved import COSTS, Constraint, FamilyChoice, Search, file_hash, search_hash
from automl.space import Choice, Scalar, flatten, leaves
from automl.space_notation import from_plain, override
from automl.spec import BudgetSpec, DataSpec, FamilySpec, RungsSpec, SearchSpec
from automl.study.plan import Objective
from automl.study.rungs import rungs as place_rungs
from automl.task import DEFAULT_METRIC, Task
from automl.wording import listed

if TYPE_CHECKING:
    from automl.data import Prepared

DEFAULT_SECONDS = 600.0  # of a search whose budget says nothing
_CONSTRAINT = re.compile(r"(<=|>=)\s*([-+0-9.eE]+)")


def check_names(spec: SearchSpec) -> None:
    """Refuses, before any data is read, what names a family, sampler or metric that does not exist."""
    catalog.sampler(spec.search.sampler)
    for family in spec.families:
        if family.name is not None:
            catalog.family(family.name)
        else:
            assert family.file is not None
            catalog.family_from_file(family.file)
    for name in spec.objectives:
        if name not in COSTS:
            _known_metric(name)


def resolve(spec: SearchSpec, prepared: Prepared, machine: Machine) -> Search:
    """The search that `spec` means on `prepared` data and this machine.

    Raises:
        SpecError: naming the field and what would be right.
        RequestError: GPU-hours where there is no GPU.
    """
    task, kind = prepared.task, prepared.signature.kind
    device = _device(spec, machine)
    families = _families(spec, prepared)
    objectives = _objectives(spec, task)
    epochs = spec.budget.epochs or default_epochs(kind, task.kind, len(prepared.train))
    policy = spec.search.rungs
    rungs: tuple[int, ...] = ()
    if isinstance(policy, RungsSpec) and len(objectives) == 1:
        rungs = place_rungs(epochs, policy.first, policy.factor)
    name = spec.name or prepared.name
    search = Search(
        search_id="",
        name=name,
        spec=spec.model_copy(
            update={
                "name": name,
                "task": task.kind,
                "data": _data(spec.data, task),
                "families": [_family_spec(family, spec) for family in families],
                "objectives": [objective.name for objective in objectives],
                "budget": _budget(spec.budget, epochs, device),
                "resources": _resources(spec, machine, device),
            }
        ),
        dataset=prepared.name,
        fingerprint=prepared.fingerprint,
        split_id=prepared.split_id,
        task=task,
        families=families,
        objectives=objectives,
        constraints=_constraints(spec, task),
        queue=tuple(
            queue_entry(item, {f.name: f.space for f in families}, f"queue.{i}")
            for i, item in enumerate(spec.queue)
        ),
        baselines=tuple(
            n
            for n in catalog.names("baseline")
            if task.kind in catalog.baseline(n).tasks and kind in catalog.baseline(n).kinds
        ),
        epochs=epochs,
        rungs=rungs,
        factor=policy.factor if isinstance(policy, RungsSpec) else 0,
        device=device,
        unlabelled=prepared.unlabelled_fingerprint,
    )
    return replace(search, search_id=f"{name}-{search_hash(search)[:8]}")


def _data(data: DataSpec, task: Task) -> DataSpec:
    target = list(task.columns) if len(task.columns) > 1 else task.target or None
    return data.model_copy(update={"target": target, "numbers": data.numbers_for(task.kind)})


def _families(spec: SearchSpec, prepared: Prepared) -> tuple[FamilyChoice, ...]:
    kind, task = prepared.signature.kind, prepared.task
    asked = spec.families or [
        FamilySpec(name=name)
        for name in catalog.names("family")
        if catalog.family(name).fits(kind, task.kind)
    ]
    chosen = []
    unused = set(spec.space)
    spaces = []
    for item in asked:
        family = catalog.family(item.name) if item.name else catalog.family_from_file(str(item.file))
        if not family.fits(kind, task.kind):
            fitting = [n for n in catalog.names("family") if catalog.family(n).fits(kind, task.kind)]
            raise SpecError(
                f"The family {family.name} is for {listed(family.kinds)} data and {listed(family.tasks)}, "
                f"but this is {kind} data and {task.kind}. "
                f"Families that fit are: {', '.join(fitting)}."
            )
        pretrains = prepared.unlabelled is not None
        space = family.full_space(task.kind, kind, len(prepared.train), pretrains=pretrains)
        spaces.append(space)
        shared = {key: value for key, value in spec.space.items() if key in space}
        unused -= set(shared)
        space = _changed(space, shared, "space")
        space = _changed(space, item.space, f"families.{family.name}.space")
        chosen.append(_family_choice(family, item, space))
    names = [family.name for family in chosen]
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"families: {name} is given {names.count(name)} times; name it once.")
    for key in sorted(unused):
        known = {name for space in spaces for name in space}
        raise SpecError(f"space.{key} is not a parameter of any family here: {nearest(key, known)}")
    return tuple(chosen)


def _changed(space: Mapping[str, Any], changes: Mapping[str, Any], field: str) -> dict[str, Any]:
    plain = {key: from_plain(value, f"{field}.{key}") for key, value in changes.items()}
    return override(space, plain, field)


def _family_choice(family: Family, item: FamilySpec, space: Mapping[str, Any]) -> FamilyChoice:
    for field in (item.file, item.weights):
        if field is not None and not os.path.isfile(field):
            raise NotFoundError(
                f"There is no file {field}, which families.{family.name} names; check the path."
            )
    return FamilyChoice(
        name=family.name,
        space=space,
        file=item.file,
        file_hash=file_hash(item.file) if item.file else None,
        weights=item.weights,
        weights_hash=file_hash(item.weights) if item.weights else None,
    )


def _family_spec(family: FamilyChoice, spec: SearchSpec) -> FamilySpec:
    written = next(
        (f for f in spec.families if f.name == family.name or f.file == family.file is not None), None
    )
    return written or FamilySpec(name=family.name)


def _objectives(spec: SearchSpec, task: Task) -> tuple[Objective, ...]:
    names = spec.objectives or [DEFAULT_METRIC[task.kind]]
    if len(set(names)) != len(names):
        raise SpecError(f"objectives: each is named once, but got {names}.")
    if names[0] in COSTS:
        raise SpecError(f"objectives: the first one must be a metric, but got {names[0]}; put it later.")
    objectives = []
    for name in names:
        if name in COSTS:
            objectives.append(Objective(name, "min"))
            continue
        metric = _known_metric(name)
        if not metric.fits(task):
            fitting = ", ".join(found.name for found in catalog.metrics_for(task))
            raise SpecError(f"objectives: {name} does not judge this {task.kind} task; these do: {fitting}.")
        objectives.append(Objective(name, metric.goal))
    return tuple(objectives)


def _known_metric(name: str) -> Any:
    known = (*catalog.names("metric"), *COSTS)
    if name not in known:
        raise SpecError(f"objectives: there is no metric {name!r}: {nearest(name, known)}")
    return catalog.metric(name)


def _constraints(spec: SearchSpec, task: Task) -> tuple[Constraint, ...]:
    known = [*COSTS, *(metric.name for metric in catalog.metrics_for(task))]
    constraints = []
    for name, text in spec.constraints.items():
        if name not in known:
            raise SpecError(f"constraints.{name} is not measured: {nearest(name, known)}")
        match = _CONSTRAINT.fullmatch(text.strip())
        bound = _bound(match[2]) if match else None
        if match is None or bound is None:
            raise SpecError(f"constraints.{name} is such as '<= 5e6' or '>= 0.9', but got {text[:100]!r}.")
        constraints.append(Constraint(name, match[1], bound))
    return tuple(constraints)


def _bound(text: str) -> float | None:
    """The finite number that it is, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def queue_entry(
    item: Mapping[str, Any], spaces: Mapping[str, Mapping[str, Any]], field: str
) -> tuple[str, dict[str, Scalar]]:
    """The family and the values by path that one entry of a spec's queue gives."""
    values = dict(item)
    family = values.pop("family", None) or (next(iter(spaces)) if len(spaces) == 1 else None)
    if family is None:
        raise SpecError(f"{field} must name its family, one of: {', '.join(spaces)}.")
    if not isinstance(family, str) or family not in spaces:
        raise SpecError(
            f"{field} names the family {family!r}, which this search lacks: {nearest(str(family), spaces)}"
        )
    space = spaces[family]
    flat = dict(_flat_values(space, values, field, ""))
    open_leaves = dict(leaves(space))
    for path, value in flat.items():
        if not open_leaves[path].contains(value):
            raise SpecError(f"{field}.{path} is {value!r}, which lies outside the space of {family}.")
    return family, flat


def _flat_values(
    space: Mapping[str, Any], values: Mapping[str, Any], field: str, prefix: str
) -> Iterable[tuple[str, Scalar]]:
    for key, value in values.items():
        if key not in space:
            raise SpecError(f"{field}.{prefix}{key} is not a parameter here: {nearest(key, space)}")
        node, path = space[key], f"{prefix}{key}"
        if isinstance(node, Choice) and isinstance(node.options, Mapping):
            name: Any = value
            inner: Mapping[str, Any] = {}
            if isinstance(value, Mapping):
                if len(value) != 1:
                    raise SpecError(f"{field}.{path} names one option, such as {{{node.names[0]}: {{}}}}.")
                name, inner = next(iter(value.items()))
            if not isinstance(name, str) or name not in node.options:
                raise SpecError(f"{field}.{path} has no option {name!r}: {nearest(str(name), node.options)}")
            if not isinstance(inner, Mapping | None):
                raise SpecError(
                    f"{field}.{path}.{name} holds the parameters of that branch, but got {inner!r}."
                )
            yield path, name
            yield from _flat_values(node.options[name], inner or {}, field, f"{path}.{name}.")
        elif isinstance(node, Mapping):
            if not isinstance(value, Mapping):
                raise SpecError(f"{field}.{path} holds several parameters, but got {value!r}.")
            yield from _flat_values(node, value, field, f"{path}.")
        elif hasattr(node, "contains"):
            yield path, value
        elif node != value:
            raise SpecError(f"{field}.{path} is {value!r}, but the space fixes it to {node!r}.")


def _device(spec: SearchSpec, machine: Machine) -> str:
    wants_gpu = spec.resources.gpus is None or spec.resources.gpus > 0
    if machine.n_gpus == 0 and (spec.budget.gpu_hours is not None or (spec.resources.gpus or 0) > 0):
        field, instead = "resources.gpus", "leave it out"
        if spec.budget.gpu_hours is not None:
            field, instead = "budget.gpu_hours", "give budget.cpu_hours or budget.time"
        raise RequestError(
            f"{field} needs a GPU, but none was found on {machine.where}; {instead}, or run where there is a GPU."
        )
    return "cuda" if machine.n_gpus > 0 and wants_gpu else "cpu"


def _budget(budget: BudgetSpec, epochs: int, device: str) -> BudgetSpec:
    bounds = (budget.trials, budget.time, budget.gpu_hours, budget.cpu_hours)
    seconds = budget.time if any(bound is not None for bound in bounds) else DEFAULT_SECONDS
    if device == "cuda" and budget.cpu_hours is not None:
        raise RequestError(
            "budget.cpu_hours counts where trials run on CPUs; here they run on GPUs: give gpu_hours."
        )
    return budget.model_copy(update={"epochs": epochs, "time": seconds})


def _resources(spec: SearchSpec, machine: Machine, device: str) -> Any:
    resources = spec.resources
    share = resources.gpus or 1.0
    gpus = share if device == "cuda" else 0.0
    by_cpu = max(1, int(machine.n_cpus / resources.cpus))
    by_gpu = max(1, int(machine.n_gpus / share)) if device == "cuda" else by_cpu
    return resources.model_copy(update={"workers": resources.workers or min(by_cpu, by_gpu), "gpus": gpus})


def space_of_values(search: Search, family: str, configuration: Mapping[str, Any]) -> dict[str, Scalar]:
    """The open parameters of a configuration, by path, as the tables show them."""
    return flatten(search.family(family).space, configuration)
