"""Specs: strict YAML, what its values mean, and what is refused by line or by field."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automl.errors import SpecError
from automl.spec import SearchSpec, check_budget, parse_spec, read_spec
from automl.strict_yaml import MAX_BYTES, read_text

VALUES: dict[str, Any] = {
    "1e-5": 1e-5,
    "1.0e-5": 1e-5,
    "-2E3": -2000.0,
    ".5": 0.5,
    "12": 12,
    "012": 12,
    "+3": 3,
    "0x10": "0x10",
    "1_000": "1_000",
    "12:30:45": "12:30:45",
    "2024-01-31": "2024-01-31",
    "true": True,
    "false": False,
    "True": "True",
    "no": "no",
    "yes": "yes",
    "on": "on",
    "null": None,
    "~": None,
    "": None,
    "'1e-5'": "1e-5",
    '"true"': "true",
    "[1, a]": [1, "a"],
}


@pytest.mark.parametrize("text", VALUES)
def test_yaml_value_means_what_it_says(text: str) -> None:
    value = read_text(f"key: {text}")["key"]
    assert value == VALUES[text]
    assert type(value) is type(VALUES[text])


REFUSED = {
    "a: 1\nb: 2\na: 3": "the spec, line 3: the key 'a' is given twice.",
    "a:\n  b: 1\n  b: 1": "the spec, line 3: the key 'b' is given twice.",
    "a: &x [1]\nb: *x": "the spec, line 2: aliases (*x) are not allowed; write it out.",
    "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]": "the spec, line 2: aliases (*a) are not allowed; write it out.",
    "a: !!python/object:os.system {}": "the spec, line 1: tags (tag:yaml.org,2002:python/object:os.system) are not "
    "allowed.",
    "a: !x 1": "the spec, line 1: tags (!x) are not allowed.",
    "a: " + "[" * 10_000: "the spec, line 1: nested deeper than 32 levels.",
    "- " * 10_000: "the spec, line 1: nested deeper than 32 levels.",
    "a: " + "{b: " * 5_000: "the spec, line 1: nested deeper than 32 levels.",
    "? [a]\n: 1": "the spec, line 1: a key must be a plain word.",
    "a: 1\n---\nb: 2": "the spec, line 2 is not valid YAML: but found another document.",
    "a: [1": "the spec, line 2 is not valid YAML: did not find expected ',' or ']'.",
    "- a": "the spec must hold keys and values (name: value), but it does not.",
    "": "the spec must hold keys and values (name: value), but it does not.",
    "a: " + "1" * MAX_BYTES: f"A spec has at most {MAX_BYTES} bytes, but the spec has {MAX_BYTES + 3}.",
}


@pytest.fixture
def alone() -> Iterator[None]:
    """Without what other tests have left to be looked through whenever memory is collected."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:20])
@pytest.mark.usefixtures("alone")
def test_yaml_that_is_not_strict_is_refused_at_once(text: str) -> None:
    began = time.thread_time()
    with pytest.raises(SpecError) as caught:
        read_text(text)
    assert str(caught.value) == REFUSED[text]
    assert time.thread_time() - began < 1


@pytest.mark.parametrize("text", ["a: [" + "1," * (MAX_BYTES // 2 - 4) + "1]", "a: " + "9" * (MAX_BYTES - 3)])
@pytest.mark.usefixtures("alone")
def test_the_largest_spec_is_read_within_a_second(text: str) -> None:
    began = time.thread_time()
    read_text(text)
    assert time.thread_time() - began < 1


def test_a_written_spec_means_the_same_again() -> None:
    spec = parse_spec(
        {
            "data": {"path": "x.csv", "target": "y", "types": {"a": "category"}},
            "families": ["mlp", {"file": "net.py", "space": {"width": 3}}],
            "search": {"rungs": "none"},
            "budget": {"time": "2h", "trials": 2e3},
            "split": {"validation": "rows.csv", "test": 0.1},
        }
    )
    assert parse_spec(spec.model_dump(mode="json")) == spec
    assert spec.budget.trials == 2000
    assert spec.search.rungs == "none"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("20m", 1200), ("2h", 7200), ("1.5 h", 5400), ("1d", 86400), (45, 45)]
)
def test_durations(text: str | int, seconds: float) -> None:
    assert check_budget({"time": text}) == {"time": seconds}


def test_unknown_bound_of_a_budget() -> None:
    with pytest.raises(SpecError) as caught:
        check_budget({"trails": 3})
    assert str(caught.value) == "the new bounds: budget.trails is not a key here; did you mean trials?"


def test_paths_in_a_spec_file_are_relative_to_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "specs" / "a.yaml"
    file.parent.mkdir()
    file.write_text(
        "data: {path: ../x.csv}\nsplit: {test: t.csv}\nfamilies: [{file: net.py}, {name: mlp, weights: /w.st}]"
    )
    spec = read_spec(file)
    assert spec.data.path == str(tmp_path / "x.csv")
    assert spec.split.test == str(tmp_path / "specs" / "t.csv")
    assert spec.split.validation == 0.2
    assert [family.file for family in spec.families] == [str(tmp_path / "specs" / "net.py"), None]
    assert spec.families[1].weights == "/w.st"


def test_every_field_of_a_spec_refuses_an_unknown_key() -> None:
    for field in ("data", "split", "search", "budget", "resources", "finalists"):
        with pytest.raises(SpecError, match=rf"^the spec: .*{field}\.zzz is not a key here; known are: "):
            parse_spec({"data": {"name": "digits"}, field: {"zzz": 1}})


def test_the_defaults_of_version_1_never_change() -> None:
    """They decide the ids of searches that exist; a new default needs a new `spec_version`."""
    plain = SearchSpec.model_validate({"data": {"name": "digits"}}).model_dump(mode="json")
    assert {key: plain[key] for key in ("spec_version", "search", "split", "finalists", "seed")} == {
        "spec_version": 1,
        "search": {"sampler": "auto", "rungs": {"first": "auto", "factor": 3}, "warm_start": "auto"},
        "split": {"validation": 0.2, "test": 0.2, "by": None, "time": None, "seed": 0},
        "finalists": {"top": 3, "seeds": 3},
        "seed": 0,
    }


def test_keys_and_values_of_any_kind_are_said_in_a_paragraph() -> None:
    for key in ("", "[", "[x]", "x" * 10_000, "\n", "0", "data.path"):
        with pytest.raises(SpecError, match="is not a key here") as refused:
            parse_spec({"data": {"name": "digits"}, key: 1})
        assert len(str(refused.value)) < 1000
        with pytest.raises(SpecError, match="is not a key here"):
            parse_spec({"data": {"name": "digits", key: 1}})
    with pytest.raises(SpecError) as refused:
        parse_spec({"data": {"name": "digits"}, "seed": "x" * 10_000, "task": "y" * 10_000})
    assert len(str(refused.value)) < 1000
    with pytest.raises(SpecError, match=r"and 40 more problems\.$"):
        parse_spec({"data": {"name": "digits"}, **{f"key{i}": 1 for i in range(50)}})
