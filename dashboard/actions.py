"""What users do from the pages: through the service, as themselves, and never straight to the store."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from automl.errors import AutoMLError
from automl.remote import Remote, connected
from automl.service.roles import Role
from dashboard import access, words

NO_SERVICE = "No service runs over this store: start one with `automl serve`, or use the command line."


def service() -> Remote | None:
    """The service, asked as the user of this session; None where there is none."""
    return connected()


def button(
    label: str, needed: Role, act: Callable[[Remote], str], *, key: str, icon: str, confirm: str | None = None
) -> None:
    """A button that asks the service for something, and says in a sentence what came of it.

    It is there but cannot be pressed where the user's role does not allow it, and says so.

    Args:
        act: what to ask for; it gives the sentence.
        confirm: what would happen, in a sentence, where that should be read before it does.
    """
    remote = service()
    reason = access.why_not(needed) or (NO_SERVICE if remote is None else None)
    if confirm is None:
        pressed = st.button(label, icon=icon, key=key, disabled=reason is not None, help=reason)
    else:
        with st.popover(label, icon=icon, key=f"{key}-ask", disabled=reason is not None, help=reason):
            st.text(words.text(confirm, 500))
            pressed = st.button(label, icon=icon, key=key, type="primary")
    if pressed and remote is not None:
        try:
            st.toast(words.escape(act(remote), 500), icon=":material/check:")
        except AutoMLError as error:
            st.error(words.escape(error, 1500), icon=":material/error:")
