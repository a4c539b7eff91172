"""Answers to questions that were asked before, kept as long as the tables that they come from stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import streamlit as st

from dashboard.snapshot import Snapshot

MOST_ANSWERS = 4096
_P = ParamSpec("_P")
_T = TypeVar("_T")
_Question = Callable[Concatenate[Snapshot, _P], _T]


def query(*tables: str) -> Callable[[_Question[_P, _T]], _Question[_P, _T]]:
    """Marks a function of a snapshot that reads these tables, and gives something small.

    It is called once for each version of the tables and each set of arguments, which must be hashable; after that a
    copy of what it gave is given. Whoever sees a store sees all of it, so that answers are kept for all viewers.
    """

    def mark(question: _Question[_P, _T]) -> _Question[_P, _T]:
        name = f"{question.__module__}.{question.__qualname__}"

        @wraps(question)
        def ask(snapshot: Snapshot, *arguments: _P.args, **named: _P.kwargs) -> _T:
            versions = tuple(snapshot.version(table) for table in tables)
            key = (str(snapshot.store), versions, name, arguments, tuple(sorted(named.items())))
            answer: _T = _kept(key, lambda: question(snapshot, *arguments, **named))
            return answer

        return cast(_Question[_P, _T], ask)

    return mark


@st.cache_data(max_entries=MOST_ANSWERS, show_spinner=False)
def _kept(key: tuple[Any, ...], _answer: Callable[[], Any]) -> Any:
    del key
    return _answer()
