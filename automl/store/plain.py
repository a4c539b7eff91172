"""Rows as plain JSON values and back, checked against the types of the row."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from automl.errors import StorageError

T = TypeVar("T")


def dumps(value: Any) -> bytes:
    """Strict JSON; what JSON has no number for is written as ``"nan"``, ``"inf"`` or ``"-inf"``.

    >>> dumps({"loss": float("nan")})
    b'{"loss":"nan"}'
    """
    return json.dumps(_plain(value), separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value  # a number of numpy


def row_to_plain(row: Any) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(row)}


def row_from_plain(row_type: type[T], plain: Any) -> T:
    """The row that these values describe.

    Fields that a later version added are ignored, and ones that an earlier version did not have
    take their defaults.

    Raises:
        StorageError: a field is missing or of another type.
    """
    if not isinstance(plain, dict):
        raise StorageError(f"A {row_type.__name__} is a JSON object, but got {plain!r:.100}.")
    values: dict[str, Any] = {}
    for field, hint in _hints(cast(Any, row_type)):
        if field.name in plain:
            where = f"{row_type.__name__}.{field.name}"
            values[field.name] = value_from_plain(hint, plain[field.name], where)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise StorageError(f"{row_type.__name__}.{field.name} is missing.")
    return row_type(**values)


@cache
def _hints(row_type: Any) -> tuple[tuple[Field[Any], Any], ...]:
    hints = get_type_hints(row_type)
    return tuple((field, hints[field.name]) for field in fields(row_type))


def value_from_plain(hint: Any, value: Any, where: str) -> Any:
    """A value of the type `hint`; `where` names it in the message when it is of another type."""
    if type(value) is hint and hint is not float:
        return value
    if get_origin(hint) is list and isinstance(value, list):
        (item,) = get_args(hint)
        return [value_from_plain(item, part, where) for part in value]
    options = get_args(hint) if get_origin(hint) is not list else ()
    if options:  # ``X | None``
        if value is None and type(None) in options:
            return None
        return value_from_plain(next(o for o in options if o is not type(None)), value, where)
    try:
        if hint is float and (type(value) in (int, float) or value in ("nan", "inf", "-inf")):
            return float(value)
        if hint is datetime and isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        pass
    expected = cast(str, getattr(hint, "__name__", str(hint)))
    raise StorageError(f"{where} must be {expected}, but got {value!r:.100}.")
