"""Plain data written as YAML that the strict reader reads back as the same, and that people can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

_SHORT = 80  # characters of what is nested, that stands in one line


def written(plain: Mapping[str, Any], in_one_line: bool = False) -> str:
    """Plain data as YAML that is read back as the same.

    Args:
        in_one_line: whether its parts are written so that far too, ``data: {name: digits}``.
    """
    if not plain:
        return ""
    styled = {key: _styled(value, in_one_line) for key, value in plain.items()}
    dumped: str = yaml.dump(
        styled, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=False
    )
    return dumped


def in_list(value: Any) -> str:
    """A plain value as it may stand anywhere, between brackets too.

    >>> in_list("a, b")
    "'a, b'"
    """
    dumped: str = yaml.dump([value], Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=10**6)
    return dumped.strip()[1:-1]


class _InOneLine(dict[str, Any]):
    """Keys and values to be written as ``{name: digits}``."""


def _styled(value: Any, in_one_line: bool) -> Any:
    """Parts at the top one key a line, what is nested in them in one line where it is short."""
    if isinstance(value, dict):
        inner = {key: _styled(part, len(json.dumps(part)) <= _SHORT) for key, part in value.items()}
        return _InOneLine(inner) if in_one_line else inner
    if isinstance(value, list):
        return [_styled(part, len(json.dumps(part)) <= _SHORT) for part in value]
    return value


class _Dumper(yaml.SafeDumper):
    """Writes so that the strict reader, for which ``1e-5`` is a number, reads the same."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text_node(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="'" if _is_number(value) else None)


def _list_node(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.SequenceNode:
    flat = not any(isinstance(part, dict | list) for part in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flat)


def _line_node(dumper: yaml.SafeDumper, value: _InOneLine) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_Dumper.add_representer(str, _text_node)
_Dumper.add_representer(list, _list_node)
_Dumper.add_representer(_InOneLine, _line_node)
