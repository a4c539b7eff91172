"""What users do from the pages: through the service, as themselves, and never straight to the store."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from automl.errors import AutoMLError, RequestError
from automl.remote import Remote
from automl.service.roles import Role
from automl.store import open_store
from dashboard import access, own_service, words

DEMO = "This is the demonstration, whose store goes when it ends: start `automl dashboard` over a store of your own."


def service() -> Remote | None:
    """The service, asked as the user of this session; None where none runs. It starts none: looking costs nothing."""
    named = access.user().remote
    if named is not None or not _own_allowed():
        return named
    return own_service.over(open_store()).remote()


def started() -> Remote:
    """The same, started over the store where none runs: for what changes something, as `why_none` allows.

    Raises:
        RequestError: there can be none.
        UnreachableError: it did not start.
    """
    one = access.user()
    if one.remote is not None:
        return one.remote
    if not _own_allowed():
        raise RequestError(one.problem or DEMO)
    return own_service.over(open_store()).started()


def why_none() -> str | None:
    """Why nothing can be asked of a service, in a sentence; None where one runs, or starts when it is wanted."""
    one = access.user()
    if one.remote is not None:
        return None
    if one.problem:
        return one.problem
    if access.entrance().demo:
        return DEMO
    if not _own_allowed():
        return "This dashboard has no service: its AUTOML_URL is not set."
    try:
        return own_service.over(open_store()).why_none()
    except AutoMLError as error:
        return str(error)


def state() -> str:
    """What there is of a service, in a sentence."""
    named = access.user().remote
    if named is not None:
        return f"Actions go through the service at {named}, as {access.user().name}."
    reason, own = why_none(), service()
    if reason is not None:
        return reason
    if own is None:
        return "No service runs over this store yet: this dashboard starts one when a button needs it."
    return f"Actions go through the service at {own}, which this dashboard uses until it ends."


def why_not(needed: Role) -> str | None:
    """Why the user of this session cannot do what needs this role, here and now; None where they can."""
    return access.why_not(needed) or why_none()


def attempt(act: Callable[[Remote], str]) -> None:
    """Ask the service for something, and say in a sentence what came of it."""
    try:
        if service() is None:
            with st.spinner("Starting the service of this dashboard, which takes some seconds …"):
                started()
        st.toast(words.escape(act(started()), 500), icon=":material/check:")
    except AutoMLError as error:
        st.error(words.escape(error, 1500), icon=":material/error:")


def button(
    label: str, needed: Role, act: Callable[[Remote], str], *, key: str, icon: str, confirm: str | None = None
) -> None:
    """A button that asks the service for something, and says in a sentence what came of it.

    It is there but cannot be pressed where the user's role does not allow it, and says so.

    Args:
        act: what to ask for; it gives the sentence.
        confirm: what would happen, in a sentence, where that should be read before it does.
    """
    reason = why_not(needed)
    about = None if reason is None else words.escape(reason, 500)
    if confirm is None:
        pressed = st.button(label, icon=icon, key=key, disabled=reason is not None, help=about)
    else:
        with st.popover(label, icon=icon, key=f"{key}-ask", disabled=reason is not None, help=about):
            st.text(words.text(confirm, 500))
            pressed = st.button(label, icon=icon, key=key, type="primary")
    if pressed and reason is None:
        attempt(act)


def _own_allowed() -> bool:
    """Whether the dashboard may start a service of its own: it has one user, whose store it is."""
    way = access.entrance()
    return way.sign_in in ("none", "link") and not way.demo
