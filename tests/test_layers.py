"""Who may import whom: imports point one way, and what is heavy stays where it belongs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from imported import Import, Module, all_modules, parse

CONTRACTS = {
    "errors",
    "space",
    "space_notation",
    "task",
    "signature",
    "metric",
    "family",
    "spec",
    "spec_problems",
    "hyperparameters",
    "strict_yaml",
    "wording",
    "failpoint",
}
BUNDLES = {"bundle", "bundle_files", "checkpoint", "model_card", "onnx_export", "predicting", "predictor"}
STATISTICS = {"intervals", "pareto", "student"}
LAYERS = (  # a module may import from its own layer and from those above it in this list
    CONTRACTS,
    {"catalog", "machine"},
    {"data", "training", "baselines", "metrics"} | BUNDLES | STATISTICS,
    {"study", "store", "ranking", "choosing", "show"},
    {"resolved", "resolve"},  # of a search: its data, its space and the plan of its study
    {"execution"},
    {
        "run",
        "cli",
        "commands",
        "api",
        "demo",
        "estimate",
        "progress_line",
        "status_lines",
        "service",
        "remote",
        "results",
        "driver",
        "explaining",
    },
)
RANK = {name: place for place, names in enumerate(LAYERS) for name in names}
PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
LIGHT = {"typer", "rich"}  # beside the standard library, what `automl --help` may cost


MODULES = all_modules()


def _of_automl(one: Import) -> str:
    """The part of automl that it imports from; empty when it is another package."""
    parts = one.target.split(".")
    return parts[1] if parts[0] == "automl" and len(parts) > 1 else ""


def _is_standard(one: Import) -> bool:
    return one.root in sys.stdlib_module_names


def points_down(module: Module) -> list[Import]:
    """automl: contracts <- catalog <- data, training, ... <- study, store <- execution <- run, cli."""
    if module.part not in RANK or not module.name.startswith("automl."):
        return []
    own = RANK[module.part]
    return [one for one in module.run() if RANK.get(_of_automl(one), -1) > own]


def contracts_are_light(module: Module) -> list[Import]:
    if not module.name.startswith("automl.") or module.part not in CONTRACTS:
        return []
    allowed = {"numpy", "pydantic", "yaml"}
    return [
        one
        for one in module.run()
        if not _is_standard(one) and one.root not in allowed and _of_automl(one) not in CONTRACTS
    ]


def training_stands_alone(module: Module) -> list[Import]:
    """torch, numpy, the contracts and itself: it is timed on machines that have nothing else."""
    if not module.name.startswith("automl.training"):
        return []
    return [
        one
        for one in module.run()
        if not _is_standard(one)
        and one.root not in {"torch", "numpy"}
        and _of_automl(one) not in CONTRACTS | {"training"}
    ]


def ray_stays_in_execution(module: Module) -> list[Import]:
    if module.name.startswith(("automl.execution", "benchmarks")):
        return []
    return [one for one in module.imports if one.root == "ray"]


def optuna_stays_in_samplers(module: Module) -> list[Import]:
    if module.name.startswith(("automl.study.samplers", "benchmarks")):
        return []
    return [one for one in module.imports if one.root == "optuna"]


def dashboard_is_light(module: Module) -> list[Import]:
    if not module.name.startswith("dashboard"):
        return []
    heavy = {"torch", "ray", "optuna", "sklearn"}
    parts = {"training", "execution", "study", "data", "bundle", "run", "cli"}
    return [one for one in module.imports if one.root in heavy or _of_automl(one) in parts]


def families_import_contracts_and_torch(module: Module) -> list[Import]:
    """And never one another; a file that begins with an underscore is a building block for all."""
    if not module.name.startswith("search_spaces."):
        return []
    return [
        one
        for one in module.run()
        if not _is_standard(one)
        and one.root != "torch"
        and _of_automl(one) not in CONTRACTS
        and not (one.root == "search_spaces" and one.target.split(".")[1].startswith("_"))
    ]


def nothing_pickles(module: Module) -> list[Import]:
    return [one for one in module.imports if one.root in PICKLES]


def command_line_starts_fast(module: Module) -> list[Import]:
    if module.name != "automl.cli" and module.part != "commands":
        return []
    return [
        one
        for one in module.run()
        if one.place == "module"
        and not _is_standard(one)
        and one.root not in LIGHT
        and _of_automl(one) not in ("errors", "commands")
    ]


PLANTED: tuple[tuple[Callable[[Module], list[Import]], str, str], ...] = (
    (points_down, "automl.store.rows", "from automl import run"),
    (points_down, "automl.data.split", "def f():\n    from automl.study.plan import Plan"),
    (points_down, "automl.space", "from .catalog import family"),
    (contracts_are_light, "automl.family", "import torch"),
    (contracts_are_light, "automl.task", "from automl.catalog import metric"),
    (training_stands_alone, "automl.training.loop", "import polars as pl"),
    (training_stands_alone, "automl.training.loop", "from automl.data import Prepared"),
    (ray_stays_in_execution, "automl.study.study", "from ray import tune"),
    (optuna_stays_in_samplers, "automl.study.study", "import optuna.samplers"),
    (dashboard_is_light, "dashboard.pages.models", "def page():\n    import torch"),
    (families_import_contracts_and_torch, "search_spaces.mlp", "from search_spaces.resnet import Block"),
    (families_import_contracts_and_torch, "search_spaces.mlp", "import numpy"),
    (nothing_pickles, "benchmarks.speed", "from pickle import loads"),
    (command_line_starts_fast, "automl.cli", "import polars"),
    (command_line_starts_fast, "automl.commands.reading", "from automl import api"),
    (command_line_starts_fast, "automl.cli", "try:\n    from automl.store import open_store\nfinally: pass"),
)
RULES = list(dict.fromkeys(rule for rule, _, _ in PLANTED))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule: Callable[[Module], list[Import]]) -> None:
    found = [f"{module.name}:{one.line} imports {one.target}" for module in MODULES for one in rule(module)]
    assert not found, f"{rule.__name__}: " + "; ".join(found)


@pytest.mark.parametrize(("rule", "name", "source"), PLANTED)
def test_rule_catches_a_violation(rule: Callable[[Module], list[Import]], name: str, source: str) -> None:
    assert rule(parse(name, source)), f"{rule.__name__} does not see {source!r} in {name}"


def test_imports_for_type_checkers_alone_are_allowed() -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from torch import nn\n"
    assert contracts_are_light(parse("automl.family", source)) == []


def test_every_module_of_automl_has_a_layer() -> None:
    parts = {module.part for module in MODULES if module.name.startswith("automl.")}
    assert sorted(parts - set(RANK)) == [], "give it a place in LAYERS"


def test_the_dashboard_loads_nothing_heavy() -> None:
    pytest.importorskip("streamlit", reason="Streamlit is not installed")
    names = [module.name for module in MODULES if module.name.startswith("dashboard.")]
    names.remove("dashboard.web.app")
    program = (
        f"import sys, {', '.join(names)}\nprint(sorted({{'torch', 'ray', 'optuna'}} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
