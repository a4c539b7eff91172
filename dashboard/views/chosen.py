"""The trials of a search that are ticked, on whichever page of its table, and what can be done with them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import links, words

TABLE = "trials"  # the key of the table in which trials are ticked
MOST_COMPARED = 20
HEIGHT = 56  # also without any, so that the table below does not move under the pointer
CHOSEN = "chosen-trials"  # in the session: the search, and the numbers of its trials that are ticked


def show(search_id: str) -> None:
    """Links to what can be done with the trials that are ticked, on this page and on others.

    They are links, and not buttons that leave for a page: so the way back ends where it began.
    """
    chosen = _chosen(search_id)
    with st.container(
        horizontal=True, vertical_alignment="center", height=HEIGHT, border=False, key="chosen"
    ):
        if not chosen:
            st.caption("Tick a trial to open it, or several to compare them.", width="content")
            return
        if len(chosen) == 1 and links.there("trial"):
            links.link(
                f"Open trial {chosen[0]}", "trial", ":material/open_in_full:", id=f"{search_id}/{chosen[0]}"
            )
        elif 2 <= len(chosen) <= MOST_COMPARED and links.there("compare"):
            ids = ",".join(f"{search_id}/{trial}" for trial in chosen)
            links.link(f"Compare {len(chosen)} trials", "compare", ":material/compare_arrows:", ids=ids)
        named = ", ".join(map(str, chosen[:MOST_COMPARED])) + (", …" if len(chosen) > MOST_COMPARED else "")
        too_many = f" At most {MOST_COMPARED} are compared." if len(chosen) > MOST_COMPARED else ""
        st.caption(f"{words.plural(len(chosen), 'trial')} chosen: {named}.{too_many}", width="content")
        st.button("Clear", icon=":material/close:", key="clear", on_click=_forget, type="tertiary")


def tick(search_id: str, numbers: Sequence[int]) -> None:
    """Ticks the rows of the trials that are chosen: they may stand in other places than a moment ago."""
    rows = [place for place, trial in enumerate(numbers) if trial in _chosen(search_id)]
    now = st.session_state.get(TABLE, {}).get("selection", {}).get("rows", [])
    if sorted(now) != rows:
        st.session_state[TABLE] = {"selection": {"rows": rows, "columns": [], "cells": []}}


def choose(search_id: str, numbers: Sequence[int]) -> None:
    """Takes over what was ticked on a page of these trials; what was chosen on other pages stays."""
    ticked = [numbers[row] for row in st.session_state[TABLE]["selection"]["rows"] if row < len(numbers)]
    elsewhere = [trial for trial in _chosen(search_id) if trial not in numbers]
    st.session_state[CHOSEN] = (search_id, [*elsewhere, *ticked])


def _chosen(search_id: str) -> list[int]:
    of, numbers = st.session_state.get(CHOSEN, ("", []))
    return numbers if of == search_id else []


def _forget() -> None:
    st.session_state.pop(CHOSEN, None)
