"""Reads YAML 1.2 strictly, so that a spec means what it says.

Plain YAML libraries read ``1e-5`` as text, ``no`` as false and ``012`` as ten, keep the last of two
equal keys, and expand aliases without end. Here numbers are numbers, only ``true`` and ``false`` are
booleans, and duplicate keys, aliases, tags, deep nesting and large files are refused by line.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

from automl.errors import NotFoundError, SpecError

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32

# YAML 1.2.2, section 10.3.2, the core schema
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, many times as fast
_MOST_DIGITS = 400  # Python refuses to read whole numbers of thousands of digits
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


def read_file(path: Path) -> dict[str, Any]:
    """The mapping that the YAML file holds.

    Raises:
        NotFoundError: there is no such file.
        SpecError: it is too large, not UTF-8, or not strict YAML with a mapping at the top.
    """
    if not os.path.isfile(path):  # also where the path is none, which is an error of is_file()
        raise NotFoundError(f"There is no spec file {path}; check the path.")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise SpecError(f"A spec has at most {MAX_BYTES} bytes, but {path} has {size}.")
        return read_text(path.read_bytes().decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise SpecError(f"A spec is UTF-8 text, but {path} is not (byte {error.start}).") from error
    except OSError as error:
        raise SpecError(f"The spec {path} cannot be read: {error.strerror}.") from error


def read_text(text: str, name: str = "the spec") -> dict[str, Any]:
    """The mapping that the YAML text holds; `name` stands for it in messages.

    >>> read_text("learning_rate: 1e-5\\nnesterov: no")
    {'learning_rate': 1e-05, 'nesterov': 'no'}
    """
    if len(text) > MAX_BYTES:
        raise SpecError(f"A spec has at most {MAX_BYTES} bytes, but {name} has {len(text)}.")
    try:
        _check_depth(text, name)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise SpecError(f"{name}{line} is not valid YAML: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise SpecError(f"{name} is not valid YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(node, yaml.MappingNode):
        raise SpecError(f"{name} must hold keys and values (name: value), but it does not.")
    value = _value(node, name)
    assert isinstance(value, dict)
    return value


def _check_depth(text: str, name: str) -> None:
    """Walks the events, which cost no memory, so that aliases and nesting are refused first."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        assert event.start_mark is not None
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise SpecError(f"{name}, line {line}: aliases (*{event.anchor}) are not allowed; write it out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise SpecError(f"{name}, line {line}: nested deeper than {MAX_DEPTH} levels.")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise SpecError(f"{name}, line {line}: tags ({tag}) are not allowed.")


def _value(node: yaml.Node, name: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise SpecError(f"{name}, line {line}: a key must be a plain word.")
            if key_node.value in result:
                raise SpecError(f"{name}, line {line}: the key {key_node.value!r} is given twice.")
            result[key_node.value] = _value(value_node, name)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, name) for child in node.value]
    assert isinstance(node, yaml.ScalarNode)
    return node.value if node.style else _scalar(node)


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text) if len(text) <= _MOST_DIGITS else float(text)
    return float(text) if _FLOAT.fullmatch(text) else text
