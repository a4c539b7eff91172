"""Where pages are: a link to one, a way to leave for one, and what the address of this one asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import Page

from dashboard import words

LONGEST = 500  # signs of a value in an address that are looked at
_PAGES = "_pages"


def register(pages: Mapping[str, Page]) -> None:
    """Say which pages there are, by name; once in each run of the program, before one of them is shown."""
    st.session_state[_PAGES] = dict(pages)


def go(page: str, **query: str) -> NoReturn:
    """Leave for another page."""
    st.switch_page(st.session_state[_PAGES][page], query_params=query)


def link(label: str, page: str, icon: str | None = None, about: str | None = None, **query: str) -> None:
    """A link to a page, with a label that somebody else may have chosen."""
    st.page_link(
        st.session_state[_PAGES][page],
        label=words.escape(label, 120),
        icon=icon,
        help=about,
        query_params=query,
    )


def address(page: str, **query: str) -> str:
    """The address of a page below the dashboard's own, to be copied.

    >>> address("trial", id="houses-0a1b2c3d/17")
    '/trial?id=houses-0a1b2c3d%2F17'
    """
    return f"/{page}?{urlencode(query)}" if query else f"/{page}"


def asked(name: str) -> str:
    """What the address says under this name; empty where it says nothing."""
    return str(st.query_params.get(name, ""))[:LONGEST].strip()
