"""Searches as resolved: their ids, what they keep, and how a spec's names are looked up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from automl.api import spec_of
from automl.errors import SpecError
from automl.machine import Machine
from automl.resolve import queue_entry
from automl.resolved import Constraint, Search, search_hash
from automl.run import plan_search
from automl.space import Choice, Float, Int
from automl.study.plan import Objective

FILES = Path(__file__).parent / "files"
LAPTOP = Machine(n_cpus=4, n_gpus=0)
FAMILY = """
import torch
from automl.family import Family
from automl.space import Choice, Float, Int

def build(configuration, signature):
    return torch.nn.Linear(2, signature.n_outputs)

FAMILY = Family(
    name="own", kinds=("table",), source="a test", build=build,
    space={"depth": Int(1, 4, limits=(1, 9)), "norm": Choice({"batch": {"momentum": Float(0, 1)}, "none": {}})},
)
"""


def spec(folder: Path, **changes: Any) -> dict[str, Any]:
    """A spec over a table that is written out, so that its fingerprint is the same everywhere."""
    rows = [f"{i},{(i * 7) % 13},{(i * 5) % 11 + i}" for i in range(40)]
    (folder / "rows.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    if not (folder / "own.py").exists():
        (folder / "own.py").write_text(FAMILY)
    return {
        "data": {"path": str(folder / "rows.csv"), "target": "y", "types": {"a": "number"}},
        "task": "regression",
        "families": [{"file": str(folder / "own.py")}],
        **changes,
    }


def plan(folder: Path, machine: Machine = LAPTOP, **changes: Any) -> Search:
    return plan_search(spec_of(spec(folder, **changes)), machine)[0]


def refusal(folder: Path, **changes: Any) -> str:
    with pytest.raises(SpecError) as caught:
        plan(folder, **changes)
    return str(caught.value)


def test_a_search_of_version_1_keeps_its_id() -> None:
    """`search_v1.json` was written by version 0.1.0. It must be read for ever, under the id that it has."""
    plain = json.loads((FILES / "search_v1.json").read_text())
    search = Search.from_plain(plain)
    assert search.search_id == "rows-b0b1ecbe"
    assert search_hash(search)[:8] == "b0b1ecbe"
    assert _without_new_keys(search.to_plain(), plain) == plain


def test_the_same_spec_has_the_id_that_it_always_had(tmp_path: Path) -> None:
    """A new default, here or in the space that families share, needs a new `spec_version`."""
    assert plan(tmp_path).search_id == "rows-40414c6e"


@pytest.mark.parametrize(
    "changes",
    [
        {"budget": {"trials": 9}},
        {"budget": {"time": "3h", "plateau": 5, "target": 0.1, "cpu_hours": 2}},
        {"resources": {"workers": 1, "cpus": 2, "hung_after": 60, "trial_time": "1h"}},
        {"priority": 5},
        {"objectives": ["rmse"]},
        {"space": {}},
    ],
    ids=str,
)
def test_what_does_not_decide_the_result_does_not_change_the_id(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    assert plan(tmp_path, **changes).search_id == plan(tmp_path).search_id


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"budget": {"epochs": 7}},
        {"objectives": ["mae"]},
        {"objectives": ["rmse", "latency_ms"]},
        {"constraints": {"n_parameters": "<= 100"}},
        {"queue": [{"depth": 2}]},
        {"space": {"depth": 2}},
        {"search": {"sampler": "random"}},
        {"search": {"rungs": "none"}},
        {"search": {"rungs": {"factor": 4}}},
        {"search": {"warm_start": "none"}},
        {"split": {"test": 0.3}},
        {"split": {"seed": 1}},
        {"finalists": {"top": 2}},
    ],
    ids=str,
)
def test_what_decides_the_result_changes_the_id(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert search_hash(plan(tmp_path, **changes)) != search_hash(plan(tmp_path))


def test_the_machine_and_the_name_do_not_change_the_hash(tmp_path: Path) -> None:
    here = plan(tmp_path)
    assert plan(tmp_path, Machine(64, 0)).search_id == here.search_id
    named = plan(tmp_path, name="other")
    assert named.search_id == f"other-{search_hash(here)[:8]}"


def test_the_data_change_the_id_and_their_path_does_not(tmp_path: Path) -> None:
    before = plan(tmp_path).search_id
    (tmp_path / "moved").mkdir()
    assert plan(tmp_path / "moved").search_id == before
    content = spec(tmp_path)
    (tmp_path / "rows.csv").write_text((tmp_path / "rows.csv").read_text() + "40,1,2\n")
    assert plan_search(spec_of(content), LAPTOP)[0].search_id != before


def test_a_search_is_what_its_plain_form_says(tmp_path: Path) -> None:
    search = plan(
        tmp_path,
        queue=[{"depth": 2, "norm": {"batch": {"momentum": 0.5}}}],
        objectives=["rmse", "n_parameters"],
        constraints={"mae": "<= 3"},
    )
    again = Search.from_plain(json.loads(json.dumps(search.to_plain())))
    assert again.to_plain() == search.to_plain()
    assert search_hash(again) == search_hash(search)
    assert again.plan().queue == search.plan().queue
    limitless = replace(search.families[0], space=again.families[0].space)
    assert again == replace(search, families=(limitless,))


def test_a_resolved_search_has_no_defaults_left(tmp_path: Path) -> None:
    search = plan(tmp_path)
    assert search.spec.budget.epochs == 60
    assert search.spec.budget.time == 600
    assert search.spec.resources.workers == 4
    assert search.spec.resources.gpus == 0
    assert search.spec.objectives == ["rmse"]
    assert search.baselines == ("gradient_boosting", "linear", "mean")
    assert search.device == "cpu"
    assert search.rungs == (4, 12, 36)


def test_a_gpu_is_used_where_there_is_one(tmp_path: Path) -> None:
    search = plan(tmp_path, Machine(16, 2), resources={"gpus": 0.5})
    assert (search.device, search.n_workers, search.spec.resources.gpus) == ("cuda", 4, 0.5)
    search = plan(tmp_path, Machine(16, 2), resources={"gpus": 0})
    assert (search.device, search.n_workers, search.spec.resources.gpus) == ("cpu", 16, 0)


def test_several_objectives_switch_early_stopping_off(tmp_path: Path) -> None:
    search = plan(tmp_path, objectives=["r2", "n_parameters", "latency_ms"])
    assert search.objectives == (
        Objective("r2", "max"),
        Objective("n_parameters", "min"),
        Objective("latency_ms", "min"),
    )
    assert search.rungs == ()
    first = refusal(tmp_path, objectives=["latency_ms", "rmse"])
    assert first == "objectives: the first one must be a metric, but got latency_ms; put it later."
    twice = refusal(tmp_path, objectives=["rmse", "rmse"])
    assert twice == "objectives: each is named once, but got ['rmse', 'rmse']."


def test_constraints_are_bounds(tmp_path: Path) -> None:
    search = plan(tmp_path, constraints={"n_parameters": "<= 5e6", "r2": ">=-0.5"})
    parameters, r2 = search.constraints
    assert parameters == Constraint("n_parameters", "<=", 5e6)
    assert r2 == Constraint("r2", ">=", -0.5)
    assert [parameters.met(5e6), parameters.met(5e6 + 1), r2.met(-0.5), r2.met(-1)] == [
        True,
        False,
        True,
        False,
    ]
    for text in ("< 5", "5", "<= ", "<= 1e", "== 3"):
        assert refusal(tmp_path, constraints={"r2": text}) == (
            f"constraints.r2 is such as '<= 5e6' or '>= 0.9', but got {text!r}."
        )


SPACES = {
    "one": {
        "depth": Int(1, 4),
        "norm": Choice({"batch": {"momentum": Float(0, 1)}, "none": {}}),
        "inner": {"width": Int(8, 64)},
        "bias": True,
    },
    "two": {"depth": Int(1, 4)},
}


def test_queue_entries_name_values_by_path() -> None:
    item = {"family": "one", "norm": {"batch": {"momentum": 0.5}}, "inner": {"width": 8}, "bias": True}
    assert queue_entry(item, SPACES, "queue.0") == (
        "one",
        {"norm": "batch", "norm.batch.momentum": 0.5, "inner.width": 8},
    )
    assert queue_entry({"family": "one", "norm": "none"}, SPACES, "queue.0") == ("one", {"norm": "none"})
    assert queue_entry({"depth": 2}, {"two": SPACES["two"]}, "queue.0") == ("two", {"depth": 2})


QUEUE: dict[str, tuple[dict[str, Any], str]] = {
    "no family": ({"depth": 2}, "queue.0 must name its family, one of: one, two."),
    "family": (
        {"family": "tow"},
        "queue.0 names the family 'tow', which this search lacks: did you mean two?",
    ),
    "list": (
        {"family": ["one"]},
        "queue.0 names the family ['one'], which this search lacks: did you mean one?",
    ),
    "name": ({"family": "two", "dept": 1}, "queue.0.dept is not a parameter here: did you mean depth?"),
    "range": ({"family": "two", "depth": 9}, "queue.0.depth is 9, which lies outside the space of two."),
    "option": ({"family": "one", "norm": "batsh"}, "queue.0.norm has no option 'batsh': did you mean batch?"),
    "two options": (
        {"family": "one", "norm": {"batch": {}, "none": {}}},
        "queue.0.norm names one option, such as {batch: {}}.",
    ),
    "branch": (
        {"family": "one", "norm": {"batch": 3}},
        "queue.0.norm.batch holds the parameters of that branch, but got 3.",
    ),
    "in a branch": (
        {"family": "one", "norm": {"batch": {"momentum": 2}}},
        "queue.0.norm.batch.momentum is 2, which lies outside the space of one.",
    ),
    "several": ({"family": "one", "inner": 3}, "queue.0.inner holds several parameters, but got 3."),
    "fixed": ({"family": "one", "bias": False}, "queue.0.bias is False, but the space fixes it to True."),
}


@pytest.mark.parametrize("case", QUEUE)
def test_queue_entries_that_do_not_fit(case: str) -> None:
    item, message = QUEUE[case]
    with pytest.raises(SpecError) as caught:
        queue_entry(item, SPACES, "queue.0")
    assert str(caught.value) == message


def test_the_file_of_a_family_is_part_of_the_search(tmp_path: Path) -> None:
    search = plan(tmp_path)
    assert search.family("own").load().name == "own"
    own = tmp_path / "own.py"
    own.write_text(own.read_text().replace("Linear(2", "Linear(1 + 1"))
    assert plan(tmp_path).search_id != search.search_id
    other = tmp_path / "other.py"
    other.write_text(own.read_text())
    changed = replace(search.family("own"), file=str(other))
    with pytest.raises(SpecError) as caught:
        changed.load()
    assert str(caught.value) == (
        f"{other} has changed since the search began; restore it, or begin a new search with it."
    )


def _without_new_keys(plain: Any, older: Any) -> Any:
    """`plain` without the keys that an older version did not write."""
    if isinstance(plain, dict) and isinstance(older, dict):
        return {key: _without_new_keys(plain[key], older[key]) for key in plain if key in older}
    return plain
