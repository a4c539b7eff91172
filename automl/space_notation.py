"""The notation of spaces in a spec: read (`from_plain`), and laid over a family's own (`override`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from automl.errors import SpecError, nearest
from automl.space import Choice, Float, Int, Space, is_number, is_whole

_KINDS = ("float", "int", "choice")


def from_plain(node: Any, field: str = "space") -> Any:
    """The space that plain data means; `field` names it in messages.

    >>> from_plain({"float": [1e-4, 1e-1], "log": True})
    Float(low=0.0001, high=0.1, log=True, prior=None, limits=(-inf, inf))
    """
    if isinstance(node, list):
        raise SpecError(f"{field} is a list; write {{choice: {node}}} to choose from it.")
    if not isinstance(node, Mapping):
        return node
    kind = next((key for key in _KINDS if key in node), None)
    if kind is None:
        for key, value in node.items():
            if isinstance(value, list) and get_close_matches(key, _KINDS, n=1):
                raise SpecError(f"{field} has the unknown key {key!r}: {nearest(key, _KINDS)}")
        return {key: from_plain(value, f"{field}.{key}") for key, value in node.items()}
    allowed = {kind, "prior"} if kind == "choice" else {kind, "log", "prior"}
    for key in node:
        if key not in allowed:
            raise SpecError(f"{field} has the unknown key {key!r}: {nearest(key, allowed)}")
    try:
        if kind == "choice":
            return _choice_from_plain(node, field)
        bounds: Any = node[kind]
        if not _is_range(bounds):
            raise SpecError(f"a range is [low, high], two numbers, but got {bounds!r}.")
        options: dict[str, Any] = {key: node[key] for key in ("log", "prior") if key in node}
        if not isinstance(options.get("log", False), bool):
            raise SpecError(f"log is true or false, but got {options['log']!r}.")
        low, high = bounds
        leaf: Any = Float if kind == "float" else Int
        return leaf(low, high, **options)
    except SpecError as error:
        message = str(error)
        if not message.startswith(field):
            message = f"{field}: {message[0].lower()}{message[1:]}"
        raise SpecError(message) from None


def _choice_from_plain(node: Mapping[str, Any], field: str) -> Choice:
    options = node["choice"]
    if isinstance(options, list):
        if any(isinstance(option, list | Mapping) for option in options):
            raise SpecError("the options in a list are plain values; branches are written {name: {...}}.")
        return Choice(tuple(options), node.get("prior"))
    if not isinstance(options, Mapping):
        raise SpecError(f"a choice is a list of values or a mapping of branches, but got {options!r}.")
    branches = {}
    for name, value in options.items():
        branches[name] = from_plain({} if value is None else value, f"{field}.{name}")
        if not isinstance(branches[name], Mapping):
            raise SpecError(
                f"{field}.{name} holds the parameters of that branch, such as {{}}, but got {value!r}."
            )
    return Choice(branches, node.get("prior"))


def override(space: Space, changes: Mapping[str, Any], field: str = "space") -> dict[str, Any]:
    """`space` with the leaves that `changes` names (as `from_plain` gives them) replaced.

    A leaf may be fixed to a value, or given another range or fewer options. Named branches keep
    the parameters that the change does not mention.

    Raises:
        SpecError: no such parameter, another type, or outside what can make sense for it.

    >>> override({"depth": Int(1, 8), "width": Int(8, 64)}, {"depth": 3})
    {'depth': 3, 'width': Int(low=8, high=64, log=False, prior=None, limits=(-inf, inf))}
    """
    result = dict(space)
    for key, change in changes.items():
        name = f"{field}.{key}"
        if key not in space:
            raise SpecError(f"{name} is not a parameter here: {nearest(key, space)}")
        node = space[key]
        if isinstance(node, Choice) and isinstance(node.options, Mapping):
            result[key] = _override_branches(node, node.options, change, name)
        elif isinstance(node, Mapping):
            if not isinstance(change, Mapping):
                raise SpecError(f"{name} holds several parameters; name the one to change.")
            result[key] = override(node, change, name)
        else:
            _check_replacement(node, change, name)
            result[key] = _with_limits(node, change)
    return result


def _override_branches(node: Choice, branches: Mapping[str, Space], change: Any, field: str) -> Choice:
    prior = None
    if isinstance(change, Float | Int) or change == {}:
        raise SpecError(f"{field} takes one or more of its options, but got none: {', '.join(branches)}.")
    if isinstance(change, Choice):
        prior = change.prior
        options = change.options
        wanted: Mapping[str, Any] = (
            options if isinstance(options, Mapping) else {str(name): {} for name in options}
        )
    elif isinstance(change, Mapping):
        wanted = change
    else:
        wanted = {str(change): {}}
    kept = {}
    for name, inner in wanted.items():
        if name not in branches:
            raise SpecError(f"{field} has no option {name!r}: {nearest(name, branches)}")
        if not isinstance(inner, Mapping | None):
            raise SpecError(
                f"{field}.{name} holds the parameters of that branch, such as {{}}, but got {inner!r}."
            )
        kept[name] = override(branches[name], inner or {}, f"{field}.{name}")
    return Choice(kept, prior if prior is not None else (node.prior if node.prior in kept else None))


def _check_replacement(node: Any, change: Any, field: str) -> None:
    values = _values_of(change)
    if isinstance(node, Choice) and not all(map(is_number, node.names)):
        for value in values:
            if not node.contains(value):
                known = [str(name) for name in node.names]
                raise SpecError(f"{field} has no option {value!r}: {nearest(str(value), known)}")
        return
    numbers = list(node.names) if isinstance(node, Choice) else [node]
    whole = isinstance(node, Int) or (not isinstance(node, Float) and all(map(is_whole, numbers)))
    if not isinstance(node, Float | Int | Choice) and not is_number(node):
        if not all(type(value) is type(node) for value in values):
            raise SpecError(f"{field} is a {type(node).__name__} such as {node!r}, but got {values[0]!r}.")
        return
    low, high = getattr(node, "limits", (-math.inf, math.inf))
    for value in values:
        if not is_number(value) or (whole and not is_whole(value)):
            raise SpecError(f"{field} is a {'whole ' if whole else ''}number, but got {value!r}.")
        if not low <= value <= high:
            raise SpecError(f"{field} must be {_between(low, high)}, but got {value!r}.")
    if isinstance(change, Float) and whole:
        raise SpecError(f"{field} is a whole number; write {{int: [...]}} for its range.")


def _with_limits(node: Any, change: Any) -> Any:
    if isinstance(node, Float | Int | Choice) and isinstance(change, Float | Int | Choice):
        return replace(change, limits=node.limits)
    return change


def _between(low: float, high: float) -> str:
    return f"at least {low:,.10g}" if high == math.inf else f"from {low:,.10g} to {high:,.10g}"


def _values_of(change: Any) -> list[Any]:
    if isinstance(change, Float | Int):
        return [change.low, change.high]
    if isinstance(change, Choice):
        return list(change.names)
    return [change]


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_number, value))
