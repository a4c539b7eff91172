"""What a draft would cost and search: asked of the command line, and remembered by the text of the spec."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from automl.errors import AutoMLError
from automl.spec import SearchSpec, with_paths
from dashboard.drafts import files, writing
from dashboard.processes import Question

SETTLES_SECONDS = 0.7  # in which another key may be pressed, before anything is begun
MOST_REMEMBERED = 64
_ASKED = "draft-asked"
_remembered: OrderedDict[str, Answer] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Answer:
    """What ``automl validate --json`` gives, or what it says is wrong."""

    found: dict[str, Any] | None
    said: str = ""


@dataclass(frozen=True)
class _Asked:
    key: str
    file: Path
    question: Question


def answer(spec: SearchSpec | None) -> Answer | None:
    """The answer for this spec; None while it is on its way. What was asked of another spec is given up."""
    key = "" if spec is None else _key(spec)
    asked: _Asked | None = st.session_state.get(_ASKED)
    if asked is not None and asked.key != key:
        asked.question.give_up()
        asked.file.unlink(missing_ok=True)
        asked = st.session_state[_ASKED] = None
    if spec is None:
        return None
    with _lock:
        known = _remembered.get(key)
    if known is not None:
        return known
    if asked is None:
        asked = st.session_state[_ASKED] = _ask(spec, key)
    if not asked.question.done():
        return None
    try:
        found = Answer(asked.question.answer())
    except AutoMLError as error:
        found = Answer(None, str(error))
    asked.file.unlink(missing_ok=True)
    st.session_state[_ASKED] = None
    with _lock:
        _remembered[key] = found
        while len(_remembered) > MOST_REMEMBERED:
            _remembered.popitem(last=False)
    return found


def running_seconds() -> float | None:
    """For how long the question of this session has been worked at; None while it waits for its turn."""
    asked: _Asked | None = st.session_state.get(_ASKED)
    return None if asked is None else asked.question.running_seconds


def forget(spec: SearchSpec) -> None:
    """Ask again of this spec."""
    with _lock:
        _remembered.pop(_key(spec), None)


def _ask(spec: SearchSpec, key: str) -> _Asked:
    file = files.folder().path / f"{key}.yaml"
    plain = files.travelling(spec).model_dump(mode="json", exclude_unset=True)
    file.write_text(writing.written(plain), encoding="utf-8")
    return _Asked(key, file, Question("validate", str(file), after=SETTLES_SECONDS))


def _key(spec: SearchSpec) -> str:
    """Of the spec, the store that its uploads are in, and the files that it names as they are now."""
    stamps: list[Any] = [os.environ.get("AUTOML_STORE", "")]

    def stamp(path: str) -> str:
        try:
            found = Path(files.absolute(path)).stat()
        except OSError:
            return path
        stamps.append((found.st_size, found.st_mtime_ns))
        return path

    with_paths(spec, stamp)
    said = json.dumps([spec.model_dump(mode="json"), stamps], sort_keys=True)
    return sha256(said.encode()).hexdigest()[:24]
