"""Lets in whom the pages are for, and shows who that is."""

from __future__ import annotations

import streamlit as st

from dashboard import access, words
from dashboard.access import User

ROLES = {
    "viewer": "You may look at everything, and take models.",
    "submitter": "You may also start searches, and stop and resume your own.",
    "author": "You may also start searches with families of your own.",
    "admin": "You may do everything, with everybody's searches.",
}


def let_in() -> None:
    """Ends the run of the page for whoever is not signed in, with what to do; shows all others who they are."""
    one = access.user()
    if one.role is None:
        _outside(one)
        st.stop()
    if access.entrance().sign_in in ("token", "oidc"):
        _badge(one)


def _outside(one: User) -> None:
    if access.entrance().sign_in != "oidc":
        st.info("You are signed out. Reload the page to sign in again.", icon=":material/lock:")
        return
    st.title("Sign in", anchor=False)
    if st.user.get("is_logged_in"):
        st.warning(f"**{words.escape(one.name or 'You')} may not look at this**", icon=":material/lock:")
        st.text(words.text(one.problem, 800))
        if st.button("Sign in as somebody else", key="sign-out"):
            st.logout()
        return
    st.text("Your identity provider says who you are, and the service of this dashboard what you may do.")
    if st.button("Sign in", type="primary", icon=":material/login:", key="sign-in"):
        st.login()


def _badge(one: User) -> None:
    """At the top of every page."""
    with st.container(horizontal=True, horizontal_alignment="right", key="account"):  # noqa: SIM117
        with st.popover(
            f"{words.escape(one.name, 60)} · {one.role}",
            icon=":material/person:",
            type="tertiary",
            key="account-menu",
        ):
            st.text(ROLES.get(str(one.role), ""))
            if one.until is not None:
                st.caption(f"Your token is valid until {words.utc(one.until)}.")
            if one.problem:
                st.caption(words.escape(one.problem, 400))
            if access.entrance().sign_in == "oidc":
                if st.button("Sign out", icon=":material/logout:", key="sign-out"):
                    st.logout()
            else:
                st.button("Sign out", icon=":material/logout:", key="sign-out", on_click=access.sign_out)
