"""The trials that this session compares, so that another can be added from its own page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import links

_KEY = "_compared"


def remember(ids: Sequence[str]) -> None:
    """What is compared now; the address of the page says it, and this remembers it on the other pages."""
    st.session_state[_KEY] = list(ids)


def link(name: str) -> None:
    """A link that adds a trial to what is compared, or only shows it where the trial is there already."""
    before = list(st.session_state.get(_KEY, []))
    label = f"Compare with {len(before)} more" if before and name not in before else "Compare"
    about = "Side by side with other trials, also of other searches"
    ids = ",".join([*(one for one in before if one != name), name])
    links.link(label, "compare", icon=":material/compare_arrows:", about=about, ids=ids)
