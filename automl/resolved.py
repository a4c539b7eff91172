"""A search as resolved: every default filled in, every name looked up, and the hash that names it.

`Search.to_plain` is what ``search.json`` holds, and all that a resumed search needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from automl import catalog
from automl.errors import SpecError
from automl.family import Family
from automl.space import Scalar, to_plain
from automl.space_notation import from_plain
from automl.spec import DataSpec, SearchSpec, parse_spec
from automl.study.plan import Budget, Objective, Plan
from automl.task import Task

_ALWAYS = ("target", "types", "numbers", "image_size", "max_rows")  # others count where they are set
_WHERE = ("path", "name", "openml", "unlabelled", "allow")  # says nothing of what the data are
COSTS = ("n_parameters", "latency_ms", "train_seconds")  # objectives that are measured, less is better


@dataclass(frozen=True)
class FamilyChoice:
    """A family in a search, with its space after the user's changes.

    Args:
        file: the user's own file that defines it, with `file_hash` over its bytes.
        weights: a local safetensors file with starting weights, with `weights_hash`.
    """

    name: str
    space: Mapping[str, Any]
    file: str | None = None
    file_hash: str | None = None
    weights: str | None = None
    weights_hash: str | None = None

    def load(self) -> Family:
        """The family itself.

        Raises:
            SpecError: the user's file is not the one that the search began with.
        """
        return catalog.family(self.name) if self.file is None else _own_family(self.file, self.file_hash)


@dataclass(frozen=True)
class Constraint:
    """A bound that a model must meet, such as ``n_parameters <= 5e6``."""

    name: str
    operator: str
    bound: float

    def met(self, value: float) -> bool:
        return value <= self.bound if self.operator == "<=" else value >= self.bound


@dataclass(frozen=True)
class Search:
    """One submitted job, with nothing left open but what its trials choose.

    Args:
        spec: as written, with every default filled in.
        rungs: epoch counts at which trials are compared.
        device: ``cpu`` or ``cuda``, where its trials train.
        unlabelled: the fingerprint of rows to train on first without labels.
    """

    search_id: str
    name: str
    spec: SearchSpec
    dataset: str
    fingerprint: str
    split_id: str
    task: Task
    families: tuple[FamilyChoice, ...]
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]
    queue: tuple[tuple[str, Mapping[str, Scalar]], ...]
    baselines: tuple[str, ...]
    epochs: int
    rungs: tuple[int, ...]
    factor: int
    device: str
    unlabelled: str = ""

    @property
    def n_workers(self) -> int:
        assert self.spec.resources.workers is not None
        return self.spec.resources.workers

    def family(self, name: str) -> FamilyChoice:
        return next(family for family in self.families if family.name == name)

    def plan(self) -> Plan:
        """What its study is told."""
        budget, resources = self.spec.budget, self.spec.resources
        on_gpu = self.device == "cuda"
        units = (resources.gpus or 0.0) if on_gpu else resources.cpus
        return Plan(
            spaces={family.name: family.space for family in self.families},
            objectives=self.objectives,
            epochs=self.epochs,
            seed=self.spec.seed,
            budget=Budget(
                trials=budget.trials,
                seconds=budget.time,
                worker_hours=budget.gpu_hours if on_gpu else budget.cpu_hours,
                worker_units=units,
                target=budget.target,
                plateau=budget.plateau,
            ),
            queue=self.queue,
            sampler=self.spec.search.sampler,
            rungs=self.rungs,
            factor=self.factor,
            top=self.spec.finalists.top,
            seeds=self.spec.finalists.seeds,
            baselines=self.baselines,
            n_workers=self.n_workers,
        )

    def to_plain(self) -> dict[str, Any]:
        return {
            "search_id": self.search_id,
            "name": self.name,
            "spec": self.spec.model_dump(mode="json"),
            "dataset": self.dataset,
            "fingerprint": self.fingerprint,
            "split_id": self.split_id,
            "task": self.task.to_plain(),
            "families": [{**vars(family), "space": to_plain(family.space)} for family in self.families],
            "objectives": [vars(objective) for objective in self.objectives],
            "constraints": [vars(constraint) for constraint in self.constraints],
            "queue": [[family, dict(values)] for family, values in self.queue],
            "baselines": list(self.baselines),
            "epochs": self.epochs,
            "rungs": list(self.rungs),
            "factor": self.factor,
            "device": self.device,
            "unlabelled": self.unlabelled,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Search:
        spec = plain["spec"]
        return cls(
            search_id=plain["search_id"],
            name=plain["name"],
            spec=parse_spec(spec, "search.json"),
            dataset=plain["dataset"],
            fingerprint=plain["fingerprint"],
            split_id=plain["split_id"],
            task=Task.from_plain(plain["task"]),
            families=tuple(
                FamilyChoice(**{**family, "space": from_plain(family["space"])})
                for family in plain["families"]
            ),
            objectives=tuple(Objective(**objective) for objective in plain["objectives"]),
            constraints=tuple(Constraint(**constraint) for constraint in plain["constraints"]),
            queue=tuple((family, values) for family, values in plain["queue"]),
            baselines=tuple(plain["baselines"]),
            epochs=plain["epochs"],
            rungs=tuple(plain["rungs"]),
            factor=plain["factor"],
            device=plain["device"],
            unlabelled=plain.get("unlabelled", ""),
        )


@cache
def _own_family(file: str, expected_hash: str | None) -> Family:
    """The family that a file defines; another file than was expected is not run."""
    if file_hash(file) != expected_hash:
        raise SpecError(
            f"{file} has changed since the search began; restore it, or begin a new search with it."
        )
    return catalog.family_from_file(file)


def search_hash(search: Search) -> str:
    """SHA-256 over everything that decides the result, as 64 hex digits.

    Not covered: owner, priority, resources, and what may be extended (trials, time, hours).
    """
    plain = search.to_plain()
    spec = plain["spec"]
    families = [
        {key: family[key] for key in ("name", "space", "file_hash", "weights_hash")}
        for family in plain["families"]
    ]
    decides = {
        key: plain[key]
        for key in (
            "fingerprint",
            "split_id",
            "task",
            "objectives",
            "constraints",
            "queue",
            "epochs",
            "rungs",
        )
    } | {
        "spec_version": spec["spec_version"],
        "data": {
            key: value
            for key, value in spec["data"].items()
            if key in _ALWAYS or (key not in _WHERE and value != DataSpec.model_fields[key].default)
        },
        **({"unlabelled": plain["unlabelled"]} if plain["unlabelled"] else {}),
        "families": families,
        "sampler": spec["search"]["sampler"],
        "factor": plain["factor"],
        "warm_start": spec["search"]["warm_start"],
        "finalists": spec["finalists"],
        "seed": spec["seed"],
    }
    return sha256(json.dumps(decides, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def file_hash(path: str | Path) -> str:
    """SHA-256 of the bytes of a file, as 64 hex digits."""
    return sha256(Path(path).read_bytes()).hexdigest()
