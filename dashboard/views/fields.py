"""Fields of the form beside the YAML of a spec: each shows what the YAML says, and changes that one value in it.

What a value may be, and what it is where nothing is said, comes from the spec itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import streamlit as st
from pydantic.fields import FieldInfo

from automl.spec import SearchSpec
from dashboard import words
from dashboard.drafts import draft, yaml_text

_FAR = 10**9  # beyond which a field needs no bound of its own


def key_of(path: Sequence[str]) -> str:
    """The key of the widget of a value, which is a class of its element too."""
    return f"form-{'-'.join(path)}"


def number(
    path: Sequence[str],
    label: str,
    about: str,
    *,
    otherwise: str = "",
    step: float | None = None,
    most: float | None = None,
) -> None:
    """A number, or nothing where the default holds.

    Args:
        otherwise: what that is, where it is no number.
        most: that it may be, where the spec itself does not say.
    """
    facts = _facts(path)
    whole = float not in _types(facts)
    kind: Any = int if whole else float
    low, high = _bounds(facts) if most is None else (0, most)
    given = yaml_text.at(_plain(), path)
    fits = isinstance(given, int | float) and not isinstance(given, bool) and low <= given <= high
    fits = fits and (not whole or float(given).is_integer())
    _show(path, kind(given) if fits else None)
    st.number_input(
        label,
        kind(low),
        kind(high),
        None,
        step=kind(step or 1),
        format="%d" if whole else "%g",
        key=key_of(path),
        help=about,
        placeholder=otherwise or str(facts.get_default()),
        disabled=_is_broken(),
        on_change=_changed,
        args=(tuple(path),),
    )
    if given is not None and not fits:
        _elsewhere(given)


def text(path: Sequence[str], label: str, about: str, *, otherwise: str = "") -> None:
    """A word or a path, or a time such as 2h, which may be a number of seconds too."""
    seconds = str not in _types(_facts(path))
    given = yaml_text.at(_plain(), path)
    _show(path, "" if given is None or isinstance(given, dict | list | bool) else _as_text(given, seconds))
    st.text_input(
        label,
        key=key_of(path),
        help=about,
        max_chars=2000,
        placeholder=otherwise,
        disabled=_is_broken(),
        on_change=_changed,
        args=(tuple(path),),
    )
    if isinstance(given, dict | list | bool):
        _elsewhere(given)


def choice(path: Sequence[str], label: str, about: str, options: Sequence[str]) -> None:
    """One of some words, of which the default is the one that is shown where nothing is said."""
    given = yaml_text.at(_plain(), path)
    default = _facts(path).get_default()
    shown = default if given is None else given
    _show(path, shown if shown in options else None)
    st.selectbox(
        label,
        options,
        None,
        key=key_of(path),
        help=about,
        placeholder="Not one of these",
        disabled=_is_broken(),
        on_change=_changed,
        args=(tuple(path), default),
    )
    if shown not in options:
        _elsewhere(shown)


def _plain() -> dict[str, Any]:
    return draft.checked().plain or {}


def _is_broken() -> bool:
    """Whether the YAML cannot be read, so that nothing in it can be changed."""
    return draft.checked().plain is None


def _show(path: Sequence[str], value: Any) -> None:
    """The widget shows what the YAML says; while it cannot be read, what it said last."""
    if not _is_broken() or key_of(path) not in st.session_state:
        st.session_state[key_of(path)] = value


def _changed(path: tuple[str, ...], default: Any = None) -> None:
    value = st.session_state[key_of(path)]
    if isinstance(value, str):
        value = value.strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < _FAR:
        value = int(value)
    draft.put(path, None if value in ("", None) or value == default else _as_given(path, value))


def _as_given(path: tuple[str, ...], value: Any) -> Any:
    """A word of digits is a number where the spec takes one."""
    takes_text = str in _types(_facts(path))
    return int(value) if isinstance(value, str) and not takes_text and value.isdecimal() else value


def _as_text(value: Any, seconds: bool) -> str:
    written = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
    return f"{written}s" if seconds and isinstance(value, int | float) else written


def _elsewhere(value: Any) -> None:
    st.caption(f"In the YAML: {words.escape(value, 80)}")


def _facts(path: Sequence[str]) -> FieldInfo:
    """The field of the spec at a path."""
    model: Any = SearchSpec
    for part in path[:-1]:
        model = model.model_fields[part].annotation
    found: FieldInfo = model.model_fields[path[-1]]
    return found


def _types(facts: FieldInfo) -> tuple[Any, ...]:
    return get_args(facts.annotation) or (facts.annotation,)


def _bounds(facts: FieldInfo) -> tuple[float, float]:
    low, high = -_FAR, _FAR
    for part in facts.metadata:
        low = getattr(part, "ge", getattr(part, "gt", low))
        high = getattr(part, "le", getattr(part, "lt", high))
    return low, high
