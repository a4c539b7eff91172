"""What is wrong with a spec, said so that it can be put right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from automl.errors import nearest

_LONGEST = 100  # characters of what came, that a message repeats
_MUST_BE = {  # pydantic's name of a problem: what was expected, with the problem's own bounds
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "too_long": "a list of at most {max_length}",
}


def explain(problem: Any, keys_at: Callable[[list[str]], list[str]]) -> str:
    """One problem that pydantic found, for people: the field, what is right, and what came.

    Args:
        keys_at: the keys that there are at a path of the spec.
    """
    kind, value = problem["type"], _short(problem["input"])
    if kind == "extra_forbidden":  # its last part is what the user wrote, whatever that looks like
        *above, key = problem["loc"]
        path = path_of(above)
        field = ".".join([*path, str(key)[:_LONGEST]]) or "''"
        return f"{field} is not a key here; {nearest(str(key)[:_LONGEST], keys_at(path))}"
    path = path_of(problem["loc"])
    field = ".".join(path) or "the spec"
    if kind == "missing":
        return f"{field} is missing."
    if kind == "literal_error":
        known = re.findall("'([^']*)'", problem["ctx"]["expected"]) or [problem["ctx"]["expected"]]
        one_of = f"one of {', '.join(known)}" if len(known) > 1 else known[0]
        close = nearest(str(problem["input"])[:_LONGEST], known)
        hint = f"; {close}" if close.startswith("did you mean") else "."
        return f"{field} must be {one_of}, but got {value}{hint}"
    if kind in _MUST_BE:
        return f"{field} must be {_MUST_BE[kind].format(**problem.get('ctx', {}))}, but got {value}."
    message = problem["msg"].removeprefix("Value error, ")
    return f"{field} {message}." if message.startswith("must ") else f"{field}: {message}."


def path_of(parts: Iterable[Any]) -> list[str]:
    """The keys that lead to a problem, as they stand in the spec."""
    return [str(part)[:_LONGEST] for part in parts if not _is_internal(part)]


def _short(value: Any) -> str:
    """The value as it was written, or its beginning."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _is_internal(part: Any) -> bool:
    """Whether pydantic put it into the path of an error: the name of a member of a union."""
    return isinstance(part, str) and part.startswith("[")
