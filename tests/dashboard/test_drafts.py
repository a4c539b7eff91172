"""The YAML of a spec as it is being written: changed in one place, and checked line by line."""

from __future__ import annotations

import copy
import doctest
import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl import catalog
from automl.errors import DataError, SpecError
from automl.spec import parse_spec
from dashboard.drafts import check, kinds, writing, yaml_text
from dashboard.drafts.check import EMPTY, Problem, located
from dashboard.queries import datasets
from dashboard.views import space_tree

WRITTEN = """\
# my spec
data: {path: houses.csv, target: price}  # here
budget:
  trials: 20   # few
  time: 2h

# the end
seed: 3
"""
VALID: dict[str, Any] = {
    "name": "houses",
    "data": {"name": "iris", "target": "species"},
    "task": "classification",
    "families": ["mlp", {"name": "resnet", "space": {"depth": {"int": [1, 4]}, "dropout": 0.1}}],
    "space": {
        "learning_rate": {"float": [1e-5, 1e-1], "log": True, "prior": 1e-3},
        "optimizer": {"choice": {"sgd": {"momentum": {"float": [0, 0.9]}}, "adamw": {}}},
    },
    "queue": [{"family": "mlp", "learning_rate": 1e-3}],
    "objectives": ["accuracy", "latency_ms"],
    "constraints": {"n_parameters": "<= 5e6"},
    "search": {"sampler": "auto", "rungs": {"first": "auto", "factor": 3}},
    "budget": {"trials": 200, "time": "2h"},
    "resources": {"workers": 2, "cpus": 1},
    "split": {"validation": 0.2, "test": 0.2},
    "finalists": {"top": 3, "seeds": 5},
    "seed": 0,
}
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**80), 2**80),
    st.floats(),
    st.text(max_size=30),
    st.just("<img src=x onerror=alert(1)>"),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=2),
)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def said(text: str) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.sentence) for problem in check.check(text).problems]


def test_a_value_is_changed_and_every_comment_stays() -> None:
    changed = yaml_text.put(WRITTEN, ["budget", "trials"], 7)
    assert changed == yaml_text.Changed(WRITTEN.replace("trials: 20 ", "trials: 7 "))
    changed = yaml_text.put(WRITTEN, ["data", "path"], "a, b: c.csv")
    assert changed == yaml_text.Changed(WRITTEN.replace("houses.csv", "'a, b: c.csv'"))


def test_a_new_value_in_a_part_keeps_the_rest_and_says_which_comments_went() -> None:
    changed = yaml_text.put(WRITTEN, ["budget", "epochs"], 5)
    assert changed.lost == "The comments in the part budget are gone: the form wrote it anew."
    old = "budget:\n  trials: 20   # few\n  time: 2h\n"
    assert changed.text == WRITTEN.replace(old, "budget:\n  trials: 20\n  time: 2h\n  epochs: 5\n")
    assert yaml_text.put(WRITTEN, ["name"], "1e5").text == WRITTEN + "name: '1e5'\n"
    assert yaml_text.put(WRITTEN, ["seed"], None) == yaml_text.Changed(WRITTEN.replace("seed: 3\n", ""))


def test_taking_the_last_value_out_of_a_part_takes_out_the_part() -> None:
    assert yaml_text.put("data: {name: iris}\nbudget: {time: 5m}\n", ["budget", "time"], None).text == (
        "data: {name: iris}\n"
    )


def test_a_spec_in_one_line_is_written_anew_whole() -> None:
    changed = yaml_text.put("{data: {name: iris}, seed: 1} # all", ["budget", "trials"], 4)
    assert changed.lost == "The comments are gone: the form wrote the whole YAML anew."
    assert yaml_text.read(changed.text) == {"data": {"name": "iris"}, "seed": 1, "budget": {"trials": 4}}


def test_a_value_below_one_that_holds_no_keys_is_refused() -> None:
    with pytest.raises(SpecError, match=r"^budget holds no keys and values: change it in the YAML\.$"):
        yaml_text.put("budget: 5", ["budget", "trials"], 4)


def test_what_cannot_be_written_anew_is_left_alone() -> None:
    with pytest.raises(SpecError, match=r"^This cannot be changed here without changing other values"):
        yaml_text.put("{seed: 1e999}", ["name"], "a")


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(list(VALID)), PLAIN, max_size=5),
    st.sampled_from([("name",), ("budget", "trials"), ("data", "target"), ("split", "by")]),
    st.text(max_size=15) | st.integers(-9, 9) | st.floats(-9, 9) | st.lists(st.text(max_size=5), max_size=2),
)
def test_a_change_changes_that_value_and_no_other(
    plain: dict[str, Any], path: tuple[str, ...], value: Any
) -> None:
    text = writing.written(plain)
    if len(path) > 1 and not isinstance(plain.get(path[0], {}), dict | None):
        return
    wanted = copy.deepcopy(plain)
    place = wanted
    for key in path[:-1]:
        place[key] = place = place.get(key) or {}
    place[path[-1]] = value
    found = yaml_text.read(yaml_text.put(text, path, value).text)
    assert json.dumps(found, sort_keys=True) == json.dumps(wanted, sort_keys=True)


def test_every_problem_has_its_line() -> None:
    text = "data: {name: iri}\nfamilies: [mlp, resnett]\nbudget:\n  trials: 0\n\nseeed: 1\nspace: {a: {float: [3, 1]}}"
    assert said(text) == [
        (4, "budget.trials must be at least 1, but got 0."),
        (6, "seeed is not a key here; did you mean seed?"),
        (1, "data.name: there is no data set 'iri': did you mean iris?"),
        (2, "families.1: there is no family 'resnett': did you mean resnet?"),
        (7, "space.a: a range needs low <= high, but got [3, 1]."),
    ]


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("", 1, EMPTY),
        ("# only\n\n  # comments\n", 1, EMPTY),
        ("- a\n- b", None, "The spec must hold keys and values (name: value), but it does not."),
        ("data: &a {}\nb: *a", 2, "The spec, line 2: aliases (*a) are not allowed; write it out."),
        ("a: 1\na: 2", 2, "The spec, line 2: the key 'a' is given twice."),
        ("a: \ud800", 1, "The YAML holds half of a character here: write it anew."),
        ("x" * 1_000_000, None, "A spec has at most 65536 bytes, but the spec has 1000000."),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(text: str, line: int | None, sentence: str) -> None:
    found = check.check(text)
    assert found.problems == (Problem(sentence, line),)
    assert found.spec is None


def test_a_path_that_may_not_be_read_is_a_problem_in_its_line() -> None:
    text = "families:\n- {file: mine.py}\ndata:\n  path: /etc/shadow\nsplit: {test: /etc/hosts}\n"
    allowed = check.Allowed(lambda path: f"{path} is not for you.", lambda path: f"{path} is code.")
    found = check.check(text, allowed)
    assert [(problem.line, problem.sentence) for problem in found.problems] == [
        (4, "data.path: /etc/shadow is not for you."),
        (5, "split.test: /etc/hosts is not for you."),
        (2, "families.0.file: mine.py is code."),
    ]


def test_data_from_elsewhere_that_may_not_be_fetched_are_a_problem_in_their_line() -> None:
    allowed = check.Allowed(fetch=lambda number: f"{number} stays where it is.")
    found = check.check("name: a\ndata: {openml: 61}\n", allowed)
    assert [(one.line, one.sentence) for one in found.problems] == [(2, "data.openml: 61 stays where it is.")]


def test_what_others_say_of_a_field_is_found_in_its_line() -> None:
    assert located("data.target: there is no column 'x'.", WRITTEN).line == 2
    assert located("budget.trials is too much.", WRITTEN).line == 4
    assert (
        located("The data houses has no column 'price' to be the target; did you mean size?", WRITTEN).line
        == 2
    )
    assert located("The service does not answer about data and seed.", WRITTEN).line is None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_spec_with_anything_anywhere_is_a_spec_or_a_sentence(data: st.DataObject) -> None:
    plain = copy.deepcopy(VALID)
    for _ in range(data.draw(st.integers(1, 3))):
        place: Any = plain
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and data.draw(st.booleans()):
                place = place[key]
                continue
            place[key] = data.draw(JUNK)
            break
    found = check.check(writing.written(plain))
    assert (found.spec is None) == bool(found.problems)
    for problem in found.problems:
        assert problem.sentence.endswith((".", "?", "`.")) or "did you mean" in problem.sentence
        assert "Traceback" not in problem.sentence


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_yaml_with_anything_typed_into_it_is_a_spec_or_a_sentence(data: st.DataObject) -> None:
    text = writing.written(VALID)
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 20)))
    typed = data.draw(
        st.text(max_size=12) | st.sampled_from(["{", "]", "- ", ":", "\t", "'", "|", "&a", "\0", "\u202e"])
    )
    found = check.check(text[:begin] + typed + text[end:])
    assert (found.spec is None) == bool(found.problems)
    assert all(problem.line is None or problem.line >= 1 for problem in found.problems)


def test_a_valid_spec_has_no_problem_and_is_read_as_by_the_command_line() -> None:
    found = check.check(writing.written(VALID))
    assert found.problems == ()
    assert found.spec == parse_spec(VALID)


def test_the_kinds_of_every_family_are_those_of_its_file() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    for name in catalog.names("family"):
        assert kinds.of_family(name) == catalog.family(name).kinds


def test_data_sets_are_listed_without_being_read() -> None:
    assert [one.name for one in datasets.registered()] == list(catalog.names("data set"))


def test_the_first_rows_of_a_table_are_read_and_no_more(tmp_path: Path) -> None:
    frame = pl.DataFrame({"size": range(100_000), "price, in EUR": range(100_000)})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_csv(tmp_path / "b.tsv", separator="\t")
    frame.write_parquet(tmp_path / "c.parquet")
    frame.write_ndjson(tmp_path / "d.jsonl")
    (tmp_path / "e.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    for file in tmp_path.iterdir():
        found = datasets.columns(str(file))
        assert (found.names, found.n_columns) == (("size", "price, in EUR"), 2), file
        assert found.rows.height == datasets.N_ROWS


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", "The first rows of a.csv cannot be read: it is empty."),
        ("a.csv", b"PK\3\4\0\0", "The first rows of a.csv cannot be read: it holds bytes that no text has."),
        ("a.parquet", b"no parquet", "The first rows of a.parquet cannot be read:"),
        ("a.csv.gz", b"no gzip", "The first rows of a.csv.gz cannot be read: Not a gzipped file"),
        ("a.jsonl", b"{", "The first rows of a.jsonl cannot be read:"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as raised:
        datasets.columns(str(tmp_path / name))
    assert str(raised.value).startswith(sentence)


def test_a_space_is_a_tree_with_branches() -> None:
    lines = list(space_tree.lines(VALID["space"] | {"bias": True, "x": {"choice": [1, None]}}))
    assert lines == [
        ("learning\\_rate", "number from 1e\\-05 to 0\\.1", "log", "0\\.001"),
        ("optimizer", "one of sgd, adamw", "", "–"),
        ("└ sgd", "where it is chosen:", "", ""),
        ("\u2003\u2003└ momentum", "number from 0 to 0\\.9", "linear", "–"),
        ("bias", "fixed: true", "", ""),
        ("x", "one of 1, none", "", "–"),
    ]


@pytest.mark.parametrize("module", [yaml_text, writing, kinds, space_tree])
def test_examples(module: Any) -> None:
    assert doctest.testmod(module).failed == 0
