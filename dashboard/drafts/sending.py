"""A spec on its way to the service: sent once, in the background, and known by its text."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import streamlit as st

from automl.errors import AutoMLError
from automl.remote import Remote
from automl.spec import SearchSpec
from dashboard import actions
from dashboard.drafts import draft, files

_SENDING = "draft-sending"
_MOST_AT_ONCE = 8  # submissions of all sessions; others wait


@dataclass(frozen=True)
class Accepted:
    """What the service said.

    Args:
        place: what the search waits for, in a sentence; empty where the service does not say.
    """

    search_id: str
    state: str
    notes: tuple[str, ...]
    place: str


@dataclass(frozen=True)
class Sending:
    """A submission, done or under way.

    Args:
        folder: that of the uploads, which must not go before they have been sent.
    """

    text: str
    answer: Future[Accepted]
    folder: files.Folder


def begin(remote: Remote | None, spec: SearchSpec) -> None:
    """Send the draft; where the same text is on its way, or was accepted, nothing is done.

    Args:
        remote: the service; one is started when left out.
    """
    before = last()
    if before is not None and before.text == draft.text() and not _was_refused(before):
        return
    sent, key = files.travelling(spec), draft.submission_key()
    answer = _senders().submit(_send, remote, sent, key)
    st.session_state[_SENDING] = Sending(draft.text(), answer, files.folder())


def last() -> Sending | None:
    """The last submission of this session."""
    found: Sending | None = st.session_state.get(_SENDING)
    return found


def _was_refused(sending: Sending) -> bool:
    return sending.answer.done() and sending.answer.exception() is not None


@cache
def _senders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MOST_AT_ONCE, "submission")


def _send(remote: Remote | None, spec: SearchSpec, key: str) -> Accepted:
    remote = remote or actions.started()
    answer = remote.submit(spec, key=key)
    search_id, state = str(answer["search_id"]), str(answer["state"])
    place = ""
    with suppress(AutoMLError, KeyError):
        waits_for = remote.grant(search_id)["waits_for"] if state != "complete" else None
        place = f"It waits for {waits_for}." if waits_for else ""
    return Accepted(search_id, state, tuple(map(str, answer.get("notes", ()))), place)
