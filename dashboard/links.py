"""Where pages are: a link to one, a way to leave for one, and what the address of this one asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import Page
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import words

LONGEST = 500  # signs of a value in an address that are looked at
_PAGES = "_pages"
_HERE, _SEEN = "_here", "_seen"  # the page that is shown, and every one that was, with what was asked of it


def register(pages: Mapping[str, Page]) -> None:
    """Say which pages there are, by name; once in each run of the program, before one of them is shown."""
    st.session_state[_PAGES] = dict(pages)


def settle(page: str) -> None:
    """Give the page that is shown the address back that it had, where somebody comes back to it.

    On the way from one page to another the browser's history gets an entry in between, in which the page that is left
    stands with what was asked of the other one; Back leads there. Call it before the page is shown.
    """
    here = _asked_here()
    left, asked_there = st.session_state.get(_HERE, (page, here))
    before = st.session_state.get(_SEEN, {}).get(page, here)
    context = get_script_run_ctx()
    comes_back = context is not None and context.is_history_navigation and left != page
    if comes_back and here == asked_there and here != before:
        st.query_params.from_dict(before)
        st.rerun()
    st.session_state[_HERE] = (page, here)


def stay() -> None:
    """Remember the address of the page as it is now, once it is shown."""
    if _HERE in st.session_state:
        page, _ = st.session_state[_HERE]
        st.session_state[_HERE] = (page, _asked_here())
        st.session_state.setdefault(_SEEN, {})[page] = _asked_here()


def _asked_here() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def there(page: str) -> bool:
    """Whether there is such a page."""
    return page in st.session_state[_PAGES]


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


def asked(name: str, longest: int = LONGEST) -> str:
    """What the address says under this name; empty where it says nothing.

    Args:
        longest: signs that are looked at.
    """
    return str(st.query_params.get(name, ""))[:longest].strip()
