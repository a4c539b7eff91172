"""Spaces: filled, flattened, written and read again, and laid over by what a spec changes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.errors import SpecError
from automl.space import Choice, Float, Int, Leaf, Scalar, default, fill, flatten, leaves, to_plain
from automl.space_notation import from_plain, override

NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon"])
VALUES = st.one_of(st.integers(-9, 9), st.booleans(), st.text("xyz", min_size=1, max_size=3))


@st.composite
def floats(draw: st.DrawFn) -> Float:
    low = draw(st.floats(1e-6, 10))
    high = low * draw(st.floats(1, 100))
    return Float(low, high, draw(st.booleans()), draw(st.sampled_from([None, low, high])))


@st.composite
def ints(draw: st.DrawFn) -> Int:
    low, width = draw(st.integers(1, 9)), draw(st.integers(0, 9))
    return Int(low, low + width, draw(st.booleans()), draw(st.sampled_from([None, low, low + width])))


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    options = draw(st.lists(VALUES, min_size=1, max_size=4, unique_by=repr))
    return Choice(tuple(options))


def spaces(depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    nodes: st.SearchStrategy[Any] = st.one_of(VALUES, floats(), ints(), choices())
    if depth:
        inner = spaces(depth - 1)
        branches = st.dictionaries(NAMES, inner, min_size=1, max_size=3).map(Choice)
        nodes = st.one_of(nodes, inner, branches)
    return st.dictionaries(NAMES, nodes, max_size=4)


def chooser(data: st.DataObject) -> Any:
    def choose(_path: str, leaf: Leaf) -> Scalar:
        if isinstance(leaf, Choice):
            return data.draw(st.sampled_from(leaf.names))
        if isinstance(leaf, Int):
            return data.draw(st.integers(leaf.low, leaf.high))
        return data.draw(st.floats(leaf.low, leaf.high))

    return choose


@given(spaces(), st.data())
def test_flatten_is_the_inverse_of_fill(space: dict[str, Any], data: st.DataObject) -> None:
    configuration = fill(space, chooser(data))
    values = flatten(space, configuration)
    assert set(values) <= {path for path, _ in leaves(space)}
    assert fill(space, lambda path, _leaf: values[path]) == configuration


@given(spaces())
def test_plain_data_mean_the_same_space_through_json(space: dict[str, Any]) -> None:
    plain = to_plain(space)
    again = from_plain(json.loads(json.dumps(plain)))
    assert to_plain(again) == plain
    assert fill(again, default) == fill(space, default)


@given(spaces(), st.data())
def test_a_space_overridden_by_a_configuration_leaves_only_that_one(
    space: dict[str, Any], data: st.DataObject
) -> None:
    configuration = fill(space, chooser(data))
    fixed = override(space, as_changes(space, configuration))
    assert fill(fixed, default) == configuration


def as_changes(space: Any, configuration: Any) -> dict[str, Any]:
    """A configuration as a spec would write it: a branch as ``{name: {...}}``."""
    changes = {}
    for key, value in configuration.items():
        node = space[key]
        if isinstance(node, Choice) and isinstance(value, dict):
            inner = {name: v for name, v in value.items() if name != "name"}
            changes[key] = {value["name"]: as_changes(node.branch(value["name"]), inner)}
        else:
            changes[key] = as_changes(node, value) if isinstance(value, dict) else value
    return changes


def test_plain_data_do_not_keep_limits() -> None:
    space = {"dropout": Float(0.0, 0.5, limits=(0, 0.95))}
    assert from_plain(to_plain(space)) == {"dropout": Float(0.0, 0.5)}


SPACE = {
    "rate": Float(1e-4, 1e-1, log=True, prior=1e-3, limits=(1e-9, math.inf)),
    "depth": Int(1, 8, limits=(1, 64)),
    "activation": Choice(("relu", "gelu", "silu"), prior="gelu"),
    "batch": Choice((32, 64), limits=(1, 1024)),
    "groups": 4,
    "bias": True,
    "optimizer": Choice({"sgd": {"momentum": Float(0, 0.99), "nesterov": False}, "adam": {}}, prior="sgd"),
    "inner": {"width": Int(8, 64)},
}


def changed(**plain: Any) -> dict[str, Any]:
    return override(SPACE, {key: from_plain(value, f"space.{key}") for key, value in plain.items()})


def test_a_leaf_is_fixed_restricted_or_replaced() -> None:
    assert changed(depth=3)["depth"] == 3
    assert changed(depth={"int": [2, 3]})["depth"] == Int(2, 3, limits=(1, 64))
    assert changed(depth={"choice": [1, 16]})["depth"] == Choice((1, 16), limits=(1, 64))
    assert changed(rate={"float": [1e-5, 1], "log": True, "prior": 0.1})["rate"] == Float(
        1e-5, 1, True, 0.1, (1e-9, math.inf)
    )
    assert changed(activation="silu")["activation"] == "silu"
    assert changed(activation={"choice": ["relu", "silu"]})["activation"] == Choice(("relu", "silu"))
    assert changed(batch={"int": [16, 256], "log": True})["batch"] == Int(16, 256, True, limits=(1, 1024))
    assert changed(groups={"choice": [2, 4]})["groups"] == Choice((2, 4))
    assert changed(bias={"choice": [True, False]})["bias"] == Choice((True, False))
    assert changed(inner={"width": 8})["inner"] == {"width": 8}


def test_limits_hold_for_what_a_changed_space_is_changed_to() -> None:
    twice = changed(depth={"int": [2, 3]})
    with pytest.raises(SpecError, match=r"^space.depth must be from 1 to 64, but got 99\.$"):
        override(twice, {"depth": 99})


def test_branches_keep_the_parameters_that_a_change_does_not_mention() -> None:
    momentum = Float(0, 0.99)
    only = Choice({"sgd": {"momentum": momentum, "nesterov": False}}, prior="sgd")
    assert changed(optimizer="sgd")["optimizer"] == only
    assert changed(optimizer={"choice": ["sgd"]})["optimizer"] == only
    assert changed(optimizer={"sgd": {"nesterov": True}})["optimizer"] == Choice(
        {"sgd": {"momentum": momentum, "nesterov": True}}, prior="sgd"
    )
    both = changed(optimizer={"choice": {"sgd": {"momentum": 0.5}, "adam": None}, "prior": "adam"})
    assert both["optimizer"] == Choice(
        {"sgd": {"momentum": 0.5, "nesterov": False}, "adam": {}}, prior="adam"
    )


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"dept": 3}, "space.dept is not a parameter here: did you mean depth?"),
    "type": ({"depth": "deep"}, "space.depth is a whole number, but got 'deep'."),
    "boolean": ({"depth": True}, "space.depth is a whole number, but got True."),
    "range type": (
        {"depth": {"float": [1, 2]}},
        "space.depth is a whole number; write {int: [...]} for its range.",
    ),
    "limits": ({"rate": {"float": [0, 1]}}, "space.rate must be at least 1e-09, but got 0."),
    "limits of a choice": ({"batch": {"choice": [0]}}, "space.batch must be from 1 to 1,024, but got 0."),
    "option": ({"activation": "rellu"}, "space.activation has no option 'rellu': did you mean relu?"),
    "constant": ({"bias": 3}, "space.bias is a bool such as True, but got 3."),
    "branch": ({"optimizer": "sdg"}, "space.optimizer has no option 'sdg': did you mean sgd?"),
    "no branch": (
        {"optimizer": {}},
        "space.optimizer takes one or more of its options, but got none: sgd, adam.",
    ),
    "range of branches": (
        {"optimizer": {"int": [1, 2]}},
        "space.optimizer takes one or more of its options, but got none: sgd, adam.",
    ),
    "in a branch": (
        {"optimizer": {"sgd": {"momentun": 0}}},
        "space.optimizer.sgd.momentun is not a parameter here: did you mean momentum?",
    ),
    "several": ({"inner": 3}, "space.inner holds several parameters; name the one to change."),
    "list": ({"depth": [1, 2]}, "space.depth is a list; write {choice: [1, 2]} to choose from it."),
    "empty": ({"depth": {"choice": []}}, "space.depth: a choice needs at least one option, but it is empty."),
    "equal options": (
        {"depth": {"choice": [1, 1]}},
        "space.depth: a choice needs different options, but got [1, 1].",
    ),
    "nested options": (
        {"depth": {"choice": [[1], 2]}},
        "space.depth: the options in a list are plain values; branches are written {name: {...}}.",
    ),
    "scalar choice": (
        {"depth": {"choice": 3}},
        "space.depth: a choice is a list of values or a mapping of branches, but got 3.",
    ),
    "order": ({"depth": {"int": [3, 2]}}, "space.depth: a range needs low <= high, but got [3, 2]."),
    "one bound": ({"depth": {"int": [3]}}, "space.depth: a range is [low, high], two numbers, but got [3]."),
    "infinite": (
        {"rate": {"float": [1, math.inf]}},
        "space.rate: a range is [low, high], two numbers, but got [1, inf].",
    ),
    "not whole": (
        {"depth": {"int": [1.5, 2]}},
        "space.depth: an int range needs whole numbers, but got [1.5, 2].",
    ),
    "log of zero": (
        {"rate": {"float": [0, 1], "log": True}},
        "space.rate: a range with log: true needs low > 0, but got [0, 1].",
    ),
    "log": ({"rate": {"float": [1, 2], "log": "yes"}}, "space.rate: log is true or false, but got 'yes'."),
    "prior": ({"rate": {"float": [1, 2], "prior": 3}}, "space.rate: the prior 3 lies outside [1, 2]."),
    "prior of a choice": (
        {"depth": {"choice": [1, 2], "prior": 3}},
        "space.depth: the prior 3 is not one of the options [1, 2].",
    ),
    "key": (
        {"rate": {"float": [1, 2], "lgo": True}},
        "space.rate has the unknown key 'lgo': did you mean log?",
    ),
    "kind": ({"rate": {"flaot": [1, 2]}}, "space.rate has the unknown key 'flaot': did you mean float?"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_change_that_is_wrong_is_refused_by_name(case: str) -> None:
    plain, message = WRONG[case]
    with pytest.raises(SpecError) as caught:
        changed(**plain)
    assert str(caught.value) == message


def test_fill_refuses_a_value_outside_its_leaf() -> None:
    with pytest.raises(SpecError) as caught:
        fill({"depth": Int(1, 4)}, lambda _path, _leaf: 5)
    assert str(caught.value) == "The value 5 of depth is outside its space {'int': [1, 4]}."


def test_flatten_refuses_a_configuration_that_lacks_a_value() -> None:
    with pytest.raises(SpecError) as caught:
        flatten({"inner": {"depth": Int(1, 4)}}, {"inner": {}})
    assert str(caught.value) == "The configuration has no value for inner.depth."
