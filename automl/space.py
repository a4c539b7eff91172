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
from sys import float_info
from typing import Any, cast

from automl.errors import SpecError

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
        return is_number(value) and self.low <= value <= self.high


@dataclass(frozen=True)
class Int:
    """A whole number in ``[low, high]``, both included."""

    low: int
    high: int
    log: bool = False
    prior: int | None = None
    limits: tuple[float, float] = (-math.inf, math.inf)

    def __post_init__(self) -> None:
        if not (is_whole(self.low) and is_whole(self.high)):
            raise SpecError(f"An int range needs whole numbers, but got [{self.low}, {self.high}].")
        _check_range(self)

    def contains(self, value: Any) -> bool:
        return is_whole(value) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """One of several values, or (given a mapping) one of several named branches.

    `limits` are those of numbers, as of a `Float`.
    """

    options: tuple[Scalar, ...] | Mapping[str, Space]
    prior: Scalar = None
    limits: tuple[float, float] = (-math.inf, math.inf)

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
    """The space as plain data, in the notation of the spec; `space_notation.from_plain` reads it back.

    Limits are left out: they bound what a spec may change in a family, which is over by then.

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


def _check_range(leaf: Float | Int) -> None:
    if not all(map(is_number, (leaf.low, leaf.high))):
        raise SpecError(f"a range needs finite numbers, but got [{leaf.low}, {leaf.high}].")
    if leaf.low > leaf.high:
        raise SpecError(f"a range needs low <= high, but got [{leaf.low}, {leaf.high}].")
    if leaf.log and leaf.low <= 0:
        raise SpecError(f"a range with log: true needs low > 0, but got [{leaf.low}, {leaf.high}].")
    if leaf.prior is not None and not leaf.contains(leaf.prior):
        raise SpecError(f"the prior {leaf.prior!r} lies outside [{leaf.low}, {leaf.high}].")


def is_number(value: Any) -> bool:
    """Whether it is a finite number, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= float_info.max


def is_whole(value: Any) -> bool:
    """Whether it is a whole number of at most 64 bits, and not true or false."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
