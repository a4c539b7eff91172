"""The YAML of a spec, changed in one place, so that the rest stays as it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml

from automl import strict_yaml
from automl.errors import SpecError
from dashboard.drafts.writing import in_list, written

_COMMENT = re.compile(r"(?:^|\s)#")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Changed:
    """The YAML after a change, and in a sentence what did not survive it; empty where all did."""

    text: str
    lost: str = ""


def read(text: str) -> dict[str, Any]:
    """What the YAML holds; nothing but comments is an empty spec.

    Raises:
        SpecError: it cannot be read.
    """
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return {}
    return strict_yaml.read_text(text)


def put(text: str, path: Sequence[str], value: Any) -> Changed:
    """The YAML with one value changed, added, or (where it is None) taken out.

    The smallest part that can be written anew is: a value, else its section, else the whole. Only comments in that part
    are lost, which is said.

    >>> put("budget: {trials: 5}  # few", ["budget", "trials"], 9).text
    'budget: {trials: 9}  # few'

    Raises:
        SpecError: the YAML cannot be read or not be written anew, or what is above the value holds no keys.
    """
    plain = read(text)
    wanted = _with(plain, path, value)
    if _same(wanted, plain):
        return Changed(text)
    for change in (_value_changed, _section_changed):
        changed = change(text, path, wanted)
        if changed is not None and _holds(changed.text, wanted):
            return changed
    anew = written(wanted)
    if not _holds(anew, wanted):  # a number that is too large to be one, say
        raise SpecError("This cannot be changed here without changing other values: change it in the YAML.")
    lost = "The comments are gone: the form wrote the whole YAML anew." if _has_comment(text) else ""
    return Changed(anew, lost)


def at(plain: Any, path: Sequence[str]) -> Any:
    """The value at a path; None where there is none."""
    for key in path:
        if not isinstance(plain, Mapping) or key not in plain:
            return None
        plain = plain[key]
    return plain


def _with(plain: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    changed = deepcopy(dict(plain))
    place = changed
    for depth, key in enumerate(path[:-1], start=1):
        inner = place.get(key)
        if inner is None:
            inner = place[key] = {}
        elif not isinstance(inner, dict):
            raise SpecError(f"{'.'.join(path[:depth])} holds no keys and values: change it in the YAML.")
        place = inner
    if value is not None:
        place[path[-1]] = value
        return changed
    place.pop(path[-1], None)
    if len(path) > 1 and not place:
        return _with(changed, path[:-1], None)
    return changed


def _value_changed(text: str, path: Sequence[str], wanted: Mapping[str, Any]) -> Changed | None:
    """With nothing changed but a plain value that is there already."""
    value = at(wanted, path)
    if value is None or isinstance(value, dict | list):
        return None
    node = _composed(text)
    for key in path:
        inner = _pair(node, key)
        if inner is None:
            return None
        node = inner[1]
    if not isinstance(node, yaml.ScalarNode) or node.start_mark.index == node.end_mark.index:
        return None
    return Changed(text[: node.start_mark.index] + in_list(value) + text[node.end_mark.index :])


def _section_changed(text: str, path: Sequence[str], wanted: Mapping[str, Any]) -> Changed | None:
    """With one part at the top written anew, or added at the end, or taken out."""
    root, key = _composed(text), path[0]
    if root is not None and getattr(root, "flow_style", False):
        return None
    pair = _pair(root, key)
    in_one_line = pair is not None and bool(getattr(pair[1], "flow_style", False))
    new = written({key: wanted[key]}, in_one_line) if key in wanted else ""
    if pair is None:
        return Changed(text + ("" if not text or text.endswith("\n") else "\n") + new)
    assert isinstance(root, yaml.MappingNode)
    lines = text.splitlines(keepends=True)
    first = pair[0].start_mark.line
    later = [other.start_mark.line for other, _ in root.value if other.start_mark.line > first]
    last = min(later, default=len(lines))
    while last - 1 > first and (not lines[last - 1].strip() or lines[last - 1].startswith("#")):
        last -= 1
    old = "".join(lines[first:last])
    lost = f"The comments in the part {key} are gone: the form wrote it anew." if _has_comment(old) else ""
    return Changed("".join([*lines[:first], new, *lines[last:]]), lost)


def _composed(text: str) -> yaml.Node | None:
    node: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    return node


def _pair(node: yaml.Node | None, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((pair for pair in node.value if pair[0].value == key), None)


def _has_comment(text: str) -> bool:
    return any(_COMMENT.search(line) for line in text.splitlines())


def _holds(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return _same(read(text), wanted)
    except SpecError:
        return False


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Equal, and 1 is neither 1.0 nor true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
