"""What is wrong with a spec as it is being written, line by line, in a few milliseconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from automl import catalog
from automl.errors import SpecError, nearest
from automl.resolved import COSTS
from automl.space_notation import from_plain
from automl.spec import SearchSpec, parse_spec, problems_of
from dashboard.drafts import yaml_text

MOST_PROBLEMS = 10
EMPTY = "The spec is empty: choose the data in the form, or begin with `data: {name: digits}`."
_LONGEST = 100  # signs of a name, that are repeated
_LINE = re.compile(r"\bline ([0-9]+)\b")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
_QUOTED = re.compile(r"'([^']+)'")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Why = Callable[[str], str | None]


def _nothing(_named: str) -> str | None:
    return None


@dataclass(frozen=True)
class Allowed:
    """Why something that a spec names may or can not be used, as a sentence; None where it may.

    Args:
        read: a path of data.
        run: a path of a family of one's own, or of its weights.
        fetch: a number of data that are fetched from elsewhere.
    """

    read: Why = _nothing
    run: Why = _nothing
    fetch: Why = _nothing


@dataclass(frozen=True)
class Problem:
    """What is wrong, and in which line, from 1; None where no line can be named."""

    sentence: str
    line: int | None


@dataclass(frozen=True)
class Checked:
    """A spec as it is being written.

    Args:
        plain: what the YAML holds; None where it cannot be read.
        spec: None where anything is wrong with it.
    """

    plain: dict[str, Any] | None
    spec: SearchSpec | None
    problems: tuple[Problem, ...]


def check(text: str, allowed: Allowed | None = None) -> Checked:
    """What the YAML of a spec means, or what is wrong with it.

    Args:
        allowed: what it may name; everything when left out.
    """
    allowed = allowed or Allowed()
    broken = _SURROGATE.search(text)
    if broken is not None:
        half = "The YAML holds half of a character here: write it anew."
        return Checked(None, None, (Problem(half, text.count("\n", 0, broken.start()) + 1),))
    try:
        plain = yaml_text.read(text)
    except SpecError as error:
        found = _LINE.search(str(error))
        line = None if found is None else min(int(found[1]), text.count("\n") + 1)  # it may mean the end
        return Checked(None, None, (Problem(_sentence(str(error)), line),))
    if not plain:
        return Checked({}, None, (Problem(EMPTY, 1),))
    found_problems = [*problems_of(plain), *_unknown(plain), *_spaces(plain), *_named(plain, allowed)]
    if not found_problems:
        return Checked(plain, parse_spec(plain), ())
    root = yaml.compose(text, Loader=_LOADER)
    problems = [Problem(_sentence(said), _line(root, path)) for path, said in found_problems]
    problems = list(dict.fromkeys(problems))
    if len(problems) > MOST_PROBLEMS:
        more = Problem(f"And {len(problems) - MOST_PROBLEMS} more problems.", None)
        problems = [*problems[:MOST_PROBLEMS], more]
    return Checked(plain, None, tuple(problems))


def located(sentence: str, text: str) -> Problem:
    """What the command line or the service said of a valid spec, with the line of what it names first.

    That is a field (``data.target``), or a value in quotes that stands in the YAML.
    """
    root = yaml.compose(text, Loader=_LOADER)
    for found in _FIELD.finditer(sentence):
        path = found[0].split(".")
        if _is_there(root, path) and (len(path) > 1 or found.start() == 0):
            return Problem(sentence, _line(root, path))
    values = {node.value: node.start_mark.line + 1 for node in reversed(list(_scalars(root)))}
    return Problem(
        sentence, next((values[word] for word in _QUOTED.findall(sentence) if word in values), None)
    )


def _unknown(plain: Mapping[str, Any]) -> Iterator[tuple[list[str], str]]:
    """Names that stand for nothing; what is behind them need not be imported for this."""
    families = [
        family.get("name") if isinstance(family, Mapping) else family for family in _listed(plain, "families")
    ]
    named = [
        (
            ["search", "sampler"],
            "sampler",
            yaml_text.at(plain, ["search", "sampler"]),
            catalog.names("sampler"),
        ),
        (["data", "name"], "data set", yaml_text.at(plain, ["data", "name"]), catalog.names("data set")),
        *((["families", str(n)], "family", name, catalog.names("family")) for n, name in enumerate(families)),
        *(
            (["objectives", str(n)], "metric", name, (*catalog.names("metric"), *COSTS))
            for n, name in enumerate(_listed(plain, "objectives"))
        ),
    ]
    for path, kind, name, known in named:
        if isinstance(name, str) and name not in known:
            short = name[:_LONGEST]
            yield path, f"{'.'.join(path)}: there is no {kind} {short!r}: {nearest(short, known)}"


def _spaces(plain: Mapping[str, Any]) -> Iterator[tuple[list[str], str]]:
    """Ranges and choices that are none."""
    spaces = [(["space"], plain.get("space"))]
    for place, family in enumerate(_listed(plain, "families")):
        if isinstance(family, Mapping):
            spaces.append((["families", str(place), "space"], family.get("space")))
    for path, space in spaces:
        for key, value in space.items() if isinstance(space, Mapping) else ():
            try:
                from_plain(value, f"{'.'.join(path)}.{key[:_LONGEST]}")
            except SpecError as error:
                yield [*path, key], str(error)


def _named(plain: Mapping[str, Any], allowed: Allowed) -> Iterator[tuple[list[str], str]]:
    """Files and data that may not be used, or are not there."""
    read = [["data", "path"], ["data", "unlabelled"], ["split", "validation"], ["split", "test"]]
    places = [(place, yaml_text.at(plain, place), allowed.read) for place in read]
    places.append((["data", "openml"], yaml_text.at(plain, ["data", "openml"]), allowed.fetch))
    for number, family in enumerate(_listed(plain, "families")):
        if isinstance(family, Mapping):
            own = ((["families", str(number), key], family.get(key)) for key in ("file", "weights"))
            places += [(place, named, allowed.run) for place, named in own]
    for place, named, why_not in places:
        why = why_not(str(named)) if isinstance(named, str | int) else None
        if why is not None:
            yield place, f"{'.'.join(place)}: {why}"


def _listed(plain: Mapping[str, Any], key: str) -> list[Any]:
    given = plain.get(key)
    return given if isinstance(given, list) else []


def _line(root: yaml.Node | None, path: Sequence[str]) -> int:
    """The line, from 1, of the last part of a path that stands in the YAML."""
    line = 1
    for line, _ in _walked(root, path):  # noqa: B007
        pass
    return line


def _is_there(root: yaml.Node | None, path: Sequence[str]) -> bool:
    """Whether the whole path stands in the YAML."""
    return sum(1 for _ in _walked(root, path)) == len(path)


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Every value, in the order of the text."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _scalars(child)
    elif isinstance(node, yaml.MappingNode):
        for _, child in node.value:
            yield from _scalars(child)


def _walked(node: yaml.Node | None, path: Iterable[str]) -> Iterator[tuple[int, yaml.Node]]:
    for key in path:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == key), None)
            if pair is None:
                return
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
            node = node.value[int(key)]
            line = node.start_mark.line + 1
        else:
            return
        assert node is not None
        yield line, node


def _sentence(said: str) -> str:
    """It begins with a capital letter, unless it begins with a field."""
    return f"The spec{said.removeprefix('the spec')}" if said.startswith("the spec") else said
