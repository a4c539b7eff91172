"""The spec that this session is writing: its YAML, and what was said of the last change."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import streamlit as st

from automl.errors import AutoMLError, SpecError
from automl.spec import parse_spec
from dashboard import words
from dashboard.drafts import check, files, writing, yaml_text
from dashboard.queries import searches
from dashboard.snapshot import Snapshot

FIRST = """\
# What is to be searched.
# The form changes this text, and this text the form.
data: {name: breast_cancer}
budget: {time: 10m}
"""
SECONDS_KNOWN = 2.0  # that a text has been checked holds so long
EDITOR = "spec-editor"  # the key of the field that the text is typed into
_TEXT, _VERSION, _SAID, _FROM, _BEFORE, _KEYS, _CHECKED, _HEARD = (
    f"draft-{part}" for part in ("text", "version", "said", "from", "before", "keys", "checked", "heard")
)


def begin(snapshot: Snapshot, search_id: str) -> str | None:
    """Begin with the spec of a search where one is named, and with a small one otherwise; again, go on as it was.

    Returns:
        What is wrong with that search, in a sentence.
    """
    state = st.session_state
    if _TEXT not in state:
        state[_TEXT], state[_VERSION], state[_SAID] = FIRST, 0, ""
    if not search_id or state.get(_FROM) == search_id:
        return None
    try:
        begun = _of_search(snapshot, search_id)
    except AutoMLError as error:
        return str(error)
    before = text()
    replace(begun, f"This is the spec of {words.text(search_id, 100)}.")
    state[_FROM], state[_BEFORE] = search_id, before if before not in (FIRST, begun) else None
    return None


def text() -> str:
    """The YAML as it was typed or changed last, on the page or in the browser."""
    catch_up()
    found: str = st.session_state[_TEXT]
    return found


def version() -> int:
    """It grows where anything but the editor changes the text."""
    found: int = st.session_state[_VERSION]
    return found


def said() -> str:
    """What is to be said of the last change; often nothing."""
    found: str = st.session_state[_SAID]
    return found


def say(sentence: str) -> None:
    """Say this of the last change."""
    st.session_state[_SAID] = sentence


def before() -> str | None:
    """The text that was here before that of a search took its place."""
    found: str | None = st.session_state.get(_BEFORE)
    return found


def catch_up() -> None:
    """Take over what was typed into the editor last, where that is news.

    It is done before anything else is done with the text: the browser may tell of both at once.
    """
    state: Any = st.session_state.get(EDITOR)
    typed = None if state is None else state.get("typed")
    if not isinstance(typed, dict) or typed.get("number") == st.session_state.get(_HEARD):
        return
    new = typed.get("text")
    if isinstance(new, str):
        st.session_state[_TEXT], st.session_state[_SAID] = new, ""
        st.session_state[_HEARD] = typed.get("number")


def replace(new: str, why: str = "") -> None:
    """Another text, from elsewhere than the editor."""
    state = st.session_state
    state[_TEXT], state[_SAID], state[_BEFORE] = new, why, None
    state[_VERSION] += 1


def put(path: Sequence[str], value: Any, why: str = "") -> None:
    """Change one value, as the form does."""
    try:
        changed = yaml_text.put(text(), path, value)
    except SpecError as error:
        say(str(error))
        return
    if changed.text != text():
        replace(changed.text, " ".join(part for part in (why, changed.lost) if part))


def checked() -> check.Checked:
    """What the text means; the files that it names are looked for again after a moment."""
    known = st.session_state.get(_CHECKED)
    if known is not None and known[0] == text() and time.monotonic() - known[1] < SECONDS_KNOWN:
        found: check.Checked = known[2]
        return found
    allowed = check.Allowed(files.why_not_read, files.why_not_run, files.why_not_fetch)
    found = check.check(text(), allowed)
    st.session_state[_CHECKED] = (text(), time.monotonic(), found)
    return found


def submission_key() -> str:
    """The key under which this text is submitted: the same for the same text, as long as the page is open."""
    keys: dict[str, str] = st.session_state.setdefault(_KEYS, {})
    return keys.setdefault(sha256(text().encode(errors="replace")).hexdigest(), secrets.token_hex(16))


def _of_search(snapshot: Snapshot, search_id: str) -> str:
    """The YAML of a search's spec, without what is as it would be anyway.

    Raises:
        AutoMLError: there is no such search, or its spec cannot be read.
    """
    row = searches.search(snapshot, search_id)
    plain = snapshot.store.search(search_id).plain["spec"] if row is None else json.loads(row["spec"])
    spec = parse_spec(plain, f"the spec of {search_id}")
    short = spec.model_dump(mode="json", exclude_defaults=True)
    if "families" in short:
        short["families"] = [
            next(iter(family.values())) if list(family) == ["name"] else family
            for family in short["families"]
        ]
    return writing.written(short)
