"""The parameters of one trial beside those of another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

DIFFERENT, ONLY_HERE, ONLY_THERE, SAME = "≠ differs", "+ only here", "− only there", "= same"
_COLUMNS = {"mark": pl.String, "parameter": pl.String, "own": pl.String, "other": pl.String, "by": pl.String}


def parameters(text: str | None) -> dict[str, Any]:
    """The parameters of a row of `trials`, by their path; empty where they cannot be read.

    >>> parameters('{"depth": 4}'), parameters("not JSON")
    ({'depth': 4}, {})
    """
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def differences(own: Mapping[str, Any], other: Mapping[str, Any]) -> pl.DataFrame:
    """One line a parameter, those that differ first: mark, parameter, own, other, by.

    >>> differences({"depth": 4, "width": 64}, {"depth": 2, "width": 64}).rows()
    [('≠ differs', 'depth', '4', '2', '× 2'), ('= same', 'width', '64', '64', '')]
    """
    lines = []
    for name in sorted({*own, *other}):
        if name not in other:
            mark = ONLY_HERE
        elif name not in own:
            mark = ONLY_THERE
        else:
            mark = SAME if own[name] == other[name] else DIFFERENT
        pair = [written(values[name]) if name in values else "–" for values in (own, other)]
        lines.append((mark, name, *pair, _by(own[name], other[name]) if mark == DIFFERENT else ""))
    order = (DIFFERENT, ONLY_HERE, ONLY_THERE, SAME)
    lines.sort(key=lambda line: (order.index(line[0]), line[1]))
    return pl.DataFrame(lines, schema=_COLUMNS, orient="row")


def written(value: Any) -> str:
    """A parameter as people write it.

    >>> written(True), written(0.00130000001), written("gelu"), written(None)
    ('yes', '0.0013', 'gelu', 'none')
    """
    if value is None or isinstance(value, bool):
        return "none" if value is None else "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}"
    return value if isinstance(value, str) else json.dumps(value)


def _by(own: Any, other: Any) -> str:
    """How many times as large one number is as the other; nothing where that says nothing."""
    numbers = [
        value for value in (own, other) if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if len(numbers) < 2 or other == 0 or own / other <= 0:
        return ""
    return f"× {own / other:.3g}" if own > other else f"÷ {other / own:.3g}"


def queue_entry(family: str, flat: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as an entry of the queue of a spec, in which a branch opens its own parameters.

    >>> queue_entry("mlp", {"depth": 4, "optimizer": "sgd", "optimizer.sgd.momentum": 0.9})
    {'family': 'mlp', 'depth': 4, 'optimizer': {'sgd': {'momentum': 0.9}}}
    """
    return {"family": family, **_nested(flat, "")}


def _nested(flat: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    heads = dict.fromkeys(path[len(prefix) :].split(".")[0] for path in flat if path.startswith(prefix))
    found: dict[str, Any] = {}
    for head in heads:
        path = f"{prefix}{head}"
        if path not in flat:
            found[head] = _nested(flat, f"{path}.")
            continue
        inner = _nested(flat, f"{path}.{flat[path]}.") if isinstance(flat[path], str) else {}
        found[head] = {flat[path]: inner} if inner else flat[path]
    return found
