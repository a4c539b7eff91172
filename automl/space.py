"""Spaces: a configuration in which some values are left open.

A space is a dictionary whose values are constants, open leaves (`Float`, `Int`, `Choice`) or
dictionaries again. A `Choice` takes one of several values, or one of several *branches*: a branch
is named and opens parameters of its own, and is filled as ``{"name": branch, ...parameters}``.

Every open leaf has a *path*: the keys that lead to it, joined by dots, with the name of each branch
on the way (``optimizer.sgd.momentum``). Samplers see paths; networks see configurations.

>>> space = {"depth": Int(1, 4), "optimizer": Choice({"sgd": {"momentum": Float(0, 0.9)}, "adam": {}})}
>>> fill(space, lambda path, leaf: {"depth": 2, "optimizer": "sgd"}.get(path, 0.5))
{'depth': 2, 'optimizer': {'name': 'sgd', 'momentum': 0.5}}
>>> flatten(space, {"depth": 2, "optimizer": {"name": "sgd", "momentum": 0.5}})
{'depth': 2, 'optimizer': 'sgd', 'optimizer.sgd.momentum': 0.5}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from automl.errors import SpecError, nearest

Scalar = str | int | float | bool | None
Space = Mapping[str, Any]
Configuration = dict[str, Any]
Chooser = Callable[[str, "Leaf"], Scalar]


@dataclass(frozen=True)
class Float:
    """A real number in ``[low, high]``; `prior` is a good guess, `limits` what can make sense at all."""

    low: float
    high: float
    log: bool = False
    prior: float | None = None
    limits: tuple[float, float] = (-math.inf, math.inf)

    def __post_init__(self) -> None:
        _check_range(self)

    def contains(self, value: Any) -> bool:
        return _is_number(value) and self.low <= value <= self.high


@dataclass(frozen=True)
class Int:
    """A whole number in ``[low, high]``, both included."""

    low: int
    high: int
    log: bool = False
    prior: int | None = None
    limits: tuple[float, float] = (-math.inf, math.inf)

    def __post_init__(self) -> None:
        if not (_is_whole(self.low) and _is_whole(self.high)):
            raise SpecError(f"An int range needs whole numbers, but got [{self.low}, {self.high}].")
        _check_range(self)

    def contains(self, value: Any) -> bool:
        return _is_whole(value) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """One of several values, or (given a mapping) one of several named branches."""

    options: tuple[Scalar, ...] | Mapping[str, Space]
    prior: Scalar = None

    def __post_init__(self) -> None:
        if isinstance(self.options, list):
            object.__setattr__(self, "options", tuple(self.options))
        if len(self.options) == 0:
            raise SpecError("A choice needs at least one option, but it is empty.")
        if len(set(map(repr, self.names))) != len(self.names):
            raise SpecError(f"A choice needs different options, but got {list(self.names)}.")
        if self.prior is not None and self.prior not in self.names:
            raise SpecError(f"The prior {self.prior!r} is not one of the options {list(self.names)}.")

    @property
    def names(self) -> tuple[Scalar, ...]:
        """What a sampler chooses from: the values, or the names of the branches."""
        return tuple(self.options)

    def branch(self, name: Scalar) -> Space | None:
        """The space that option `name` opens, or None where options are plain values."""
        return self.options[str(name)] if isinstance(self.options, Mapping) else None

    def contains(self, value: Any) -> bool:
        return any(type(value) is type(name) and value == name for name in self.names)


Leaf = Float | Int | Choice


def fill(space: Space, choose: Chooser) -> Configuration:
    """The configuration that `choose` picks; it is called once per open leaf that is reached.

    Raises:
        SpecError: `choose` returned a value outside the leaf.
    """
    return _fill(space, choose, "")


def _fill(space: Space, choose: Chooser, prefix: str) -> Configuration:
    configuration: Configuration = {}
    for key, node in space.items():
        path = prefix + key
        if isinstance(node, Mapping):
            configuration[key] = _fill(node, choose, path + ".")
        elif isinstance(node, Float | Int | Choice):
            value = choose(path, node)
            if not node.contains(value):
                raise SpecError(f"The value {value!r} of {path} is outside its space {to_plain(node)}.")
            branch = node.branch(value) if isinstance(node, Choice) else None
            configuration[key] = (
                value if branch is None else {"name": value, **_fill(branch, choose, f"{path}.{value}.")}
            )
        else:
            configuration[key] = node
    return configuration


def flatten(space: Space, configuration: Mapping[str, Any]) -> dict[str, Scalar]:
    """The values of the open leaves of `space` in `configuration`, by path."""
    values: dict[str, Scalar] = {}

    def choose(path: str, leaf: Leaf) -> Scalar:
        node: Any = configuration
        for key in _route(space, path):
            if not isinstance(node, Mapping) or key not in node:
                raise SpecError(f"The configuration has no value for {path}.")
            node = node[key]
        if isinstance(leaf, Choice) and isinstance(leaf.options, Mapping) and isinstance(node, Mapping):
            node = node["name"]
        values[path] = cast(Scalar, node)
        return values[path]

    fill(space, choose)
    return values


def _route(space: Space, path: str) -> list[str]:
    """The keys that lead to `path` in a configuration, which has no names of branches on the way."""
    route: list[str] = []
    node: Any = space
    parts = path.split(".")
    while parts:
        key = parts.pop(0)
        route.append(key)
        node = node[key]
        if parts and isinstance(node, Choice):
            node = node.branch(parts.pop(0))
    return route


def leaves(space: Space, prefix: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every open leaf with its path, those inside every branch included."""
    for key, node in space.items():
        path = prefix + key
        if isinstance(node, Mapping):
            yield from leaves(node, path + ".")
        elif isinstance(node, Float | Int | Choice):
            yield path, node
            if isinstance(node, Choice) and isinstance(node.options, Mapping):
                for name, branch in node.options.items():
                    yield from leaves(branch, f"{path}.{name}.")


def default(_path: str, leaf: Leaf) -> Scalar:
    """A chooser: the prior where there is one, else the middle of a range or the first option."""
    if leaf.prior is not None:
        return leaf.prior
    if isinstance(leaf, Choice):
        return leaf.names[0]
    middle = math.sqrt(leaf.low * leaf.high) if leaf.log else (leaf.low + leaf.high) / 2
    return round(middle) if isinstance(leaf, Int) else middle


def to_plain(node: Any) -> Any:
    """The space as plain data, in the notation of the spec; `from_plain` reads it back.

    >>> to_plain({"depth": Int(1, 4), "norm": Choice(("none", "batch"))})
    {'depth': {'int': [1, 4]}, 'norm': {'choice': ['none', 'batch']}}
    """
    if isinstance(node, Float | Int):
        plain: dict[str, Any] = {type(node).__name__.lower(): [node.low, node.high]}
        if node.log:
            plain["log"] = True
    elif isinstance(node, Choice):
        options = node.options
        plain = {"choice": to_plain(options) if isinstance(options, Mapping) else list(options)}
    elif isinstance(node, Mapping):
        return {key: to_plain(value) for key, value in node.items()}
    else:
        return node
    if node.prior is not None:
        plain["prior"] = node.prior
    return plain


def from_plain(node: Any, field: str = "space") -> Any:
    """The space that plain data means; `field` names it in messages.

    >>> from_plain({"float": [1e-4, 1e-1], "log": True})
    Float(low=0.0001, high=0.1, log=True, prior=None, limits=(-inf, inf))
    """
    if isinstance(node, list):
        raise SpecError(f"{field} is a list; write {{choice: {node}}} to choose from it.")
    if not isinstance(node, Mapping):
        return node
    kind = next((key for key in ("float", "int", "choice") if key in node), None)
    if kind is None:
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
        raise SpecError(message if message.startswith(field) else f"{field}: {message}") from None


def _choice_from_plain(node: Mapping[str, Any], field: str) -> Choice:
    options = node["choice"]
    if isinstance(options, list):
        if any(isinstance(option, list | Mapping) for option in options):
            raise SpecError("the options in a list are plain values; branches are written {name: {...}}.")
        return Choice(tuple(options), node.get("prior"))
    if not isinstance(options, Mapping):
        raise SpecError(f"a choice is a list of values or a mapping of branches, but got {options!r}.")
    branches = {name: from_plain(value or {}, f"{field}.{name}") for name, value in options.items()}
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
        kept[name] = override(branches[name], inner or {}, f"{field}.{name}")
    return Choice(kept, prior if prior is not None else (node.prior if node.prior in kept else None))


def _check_replacement(node: Any, change: Any, field: str) -> None:
    values = _values_of(change)
    if isinstance(node, Choice) and not all(map(_is_number, node.names)):
        for value in values:
            if not node.contains(value):
                known = [str(name) for name in node.names]
                raise SpecError(f"{field} has no option {value!r}: {nearest(str(value), known)}")
        return
    numbers = list(node.names) if isinstance(node, Choice) else [node]
    whole = isinstance(node, Int) or (not isinstance(node, Float) and all(map(_is_whole, numbers)))
    if not isinstance(node, Float | Int | Choice) and not _is_number(node):
        if not all(type(value) is type(node) for value in values):
            raise SpecError(f"{field} is a {type(node).__name__} such as {node!r}, but got {values[0]!r}.")
        return
    low, high = getattr(node, "limits", (-math.inf, math.inf))
    for value in values:
        if not _is_number(value) or (whole and not _is_whole(value)):
            raise SpecError(f"{field} is a {'whole ' if whole else ''}number, but got {value!r}.")
        if not low <= value <= high:
            raise SpecError(f"{field} must lie in [{low:g}, {high:g}], but got {value!r}.")
    if isinstance(change, Float) and whole:
        raise SpecError(f"{field} is a whole number; write {{int: [...]}} for its range.")


def _with_limits(node: Any, change: Any) -> Any:
    if isinstance(node, Float | Int) and isinstance(change, Float | Int):
        return type(change)(change.low, change.high, change.log, change.prior, node.limits)
    return change


def _values_of(change: Any) -> list[Any]:
    if isinstance(change, Float | Int):
        return [change.low, change.high]
    if isinstance(change, Choice):
        return list(change.names)
    return [change]


def _check_range(leaf: Float | Int) -> None:
    if not all(map(_is_number, (leaf.low, leaf.high))):
        raise SpecError(f"a range needs finite numbers, but got [{leaf.low}, {leaf.high}].")
    if leaf.low > leaf.high:
        raise SpecError(f"a range needs low <= high, but got [{leaf.low}, {leaf.high}].")
    if leaf.log and leaf.low <= 0:
        raise SpecError(f"a range with log: true needs low > 0, but got [{leaf.low}, {leaf.high}].")
    if leaf.prior is not None and not leaf.contains(leaf.prior):
        raise SpecError(f"the prior {leaf.prior!r} lies outside [{leaf.low}, {leaf.high}].")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
