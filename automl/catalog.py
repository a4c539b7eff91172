"""Finds families, metrics, samplers, baselines and data sets by file name.

There is no second list of names: a file in the folder is an entry, and its capitalised constant is
what it defines. Names are listed without importing anything; a file whose name begins with an
underscore is not an entry.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from automl.errors import NotFoundError, SpecError, nearest
from automl.family import Family

if TYPE_CHECKING:
    from automl.baselines import Baseline
    from automl.data.registered import RegisteredData
    from automl.metric import Metric
    from automl.study.sampler import Sampler
    from automl.task import Task

_FOLDERS = {  # kind: (package, the constant that its file defines)
    "family": ("search_spaces", "FAMILY"),
    "metric": ("automl.metrics", "METRIC"),
    "sampler": ("automl.study.samplers", "SAMPLER"),
    "baseline": ("automl.baselines", "BASELINE"),
    "data set": ("benchmarks.datasets", "DATASET"),
}


@cache
def names(kind: str) -> tuple[str, ...]:
    """The names of every entry of a kind, sorted; nothing is imported but the package."""
    package, _ = _FOLDERS[kind]
    spec = importlib.util.find_spec(package)
    assert spec is not None, package
    assert spec.submodule_search_locations, package
    folder = Path(next(iter(spec.submodule_search_locations)))
    return tuple(sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_")))


@cache
def _entry(kind: str, name: str) -> Any:
    if name not in names(kind):
        raise NotFoundError(f"There is no {kind} named {name!r}: {nearest(name, names(kind))}")
    package, constant = _FOLDERS[kind]
    entry = getattr(importlib.import_module(f"{package}.{name}"), constant)
    assert entry.name == name, f"{package}/{name}.py defines {constant} with the name {entry.name!r}"
    return entry


def family(name: str) -> Family:
    return cast(Family, _entry("family", name))


def metric(name: str) -> Metric:
    return cast("Metric", _entry("metric", name))


def sampler(name: str) -> Sampler:
    return cast("Sampler", _entry("sampler", name))


def baseline(name: str) -> Baseline:
    return cast("Baseline", _entry("baseline", name))


def dataset(name: str) -> RegisteredData:
    return cast("RegisteredData", _entry("data set", name))


def metrics_for(task: Task) -> tuple[Metric, ...]:
    """Every metric that judges this task, as a function of target and prediction alone."""
    return tuple(found.bound(task.scales) for found in map(metric, names("metric")) if found.fits(task))


def family_from_file(path: str | Path) -> Family:
    """The family that a user's own file defines as ``FAMILY``; this runs the file.

    Raises:
        NotFoundError: there is no such file.
        SpecError: it fails when run, or defines no `Family`.
    """
    file = Path(path).expanduser()
    if not os.path.isfile(file):
        raise NotFoundError(f"There is no file {file} to take a family from; check the path.")
    module_name = f"automl_user_family_{sha256(str(file.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise SpecError(f"A family is defined in a Python file, but {file} does not end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SpecError(f"Running {file} failed with {type(error).__name__}: {error}") from error
    found = getattr(module, "FAMILY", None)
    if not isinstance(found, Family):
        raise SpecError(f"{file} must define FAMILY = Family(...), but it defines {found!r}.")
    return found
