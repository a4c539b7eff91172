"""The space of a family as a tree: what is open, between which values, and what a choice opens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import words

_INDENT = "\u2003"  # which Markdown keeps
_RANGES = {"int": "whole number", "float": "number"}
_MOST_OPTIONS = 12  # of a choice, that are listed


def space_tree(space: Mapping[str, Any], family: str) -> None:
    """The tree of one family.

    Args:
        space: in the notation of a spec.
    """
    rows = list(lines(space))
    frame = pl.DataFrame(rows, schema=["Parameter", "Values", "Scale", "Good guess"], orient="row")
    st.table(
        frame, border="horizontal", hide_index=True, alt=f"The space of {words.text(family, 60)} as a tree."
    )
    n_open = sum(" from " in values or values.startswith("one of") for _, values, *_ in rows)
    st.caption(
        f"{words.plural(n_open, 'open parameter')}, those of every branch included. A branch (└) counts only where it "
        "is chosen. The good guess of each family is tried first."
    )


def lines(space: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, str, str, str]]:
    """One line a parameter or branch, in Markdown: its name, its values, their scale, and the prior.

    >>> list(lines({"depth": {"int": [1, 6], "prior": 3}}))
    [('depth', 'whole number from 1 to 6', 'linear', '3')]
    """
    for key, node in space.items():
        name = _name(key, depth)
        if not isinstance(node, Mapping):
            yield name, f"fixed: {_value(node)}", "", ""
        elif "choice" in node:
            yield from _choice(name, node, depth)
        elif kind := next((kind for kind in _RANGES if kind in node), None):
            low, high = node[kind]
            scale = "log" if node.get("log") else "linear"
            yield name, f"{_RANGES[kind]} from {_value(low)} to {_value(high)}", scale, _prior(node)
        else:
            yield name, "several", "", ""
            yield from lines(node, depth + 1)


def _choice(name: str, node: Mapping[str, Any], depth: int) -> Iterator[tuple[str, str, str, str]]:
    options = node["choice"]
    listed = ", ".join(_value(option) for option in list(options)[:_MOST_OPTIONS])
    more = f" and {len(options) - _MOST_OPTIONS} more" if len(options) > _MOST_OPTIONS else ""
    yield name, f"one of {listed}{more}", "", _prior(node)
    if isinstance(options, Mapping):
        for branch, inner in options.items():
            if inner:
                yield _name(branch, depth + 1), "where it is chosen:", "", ""
                yield from lines(inner, depth + 2)


def _name(key: str, depth: int) -> str:
    return f"{_INDENT * 2 * (depth - 1)}{'└ ' if depth else ''}{words.escape(key, 80)}"


def _prior(node: Mapping[str, Any]) -> str:
    return _value(node["prior"]) if "prior" in node else "–"


def _value(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return words.escape(number(value))
    return words.escape(
        "none" if value is None else str(value).lower() if isinstance(value, bool) else value, 60
    )
