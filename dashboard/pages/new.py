"""A new search: the form and the YAML of one spec side by side, what it would cost, and the button that submits it."""

from __future__ import annotations

import streamlit as st

from dashboard import access, links, shell, words
from dashboard.drafts import draft, estimates
from dashboard.drafts.check import located
from dashboard.snapshot import Snapshot
from dashboard.views.editor import editor
from dashboard.views.form import form
from dashboard.views.preview import preview
from dashboard.views.submit import FILE, refused, submit

TITLE = "New search"
ICON = ":material/add_circle:"
ORDER = 2


def page() -> None:
    shell.guarded(_page)


def _page(snapshot: Snapshot) -> None:
    shell.heading(TITLE, snapshot, "searches")
    reason = access.why_not("submitter")
    if reason is not None:
        st.info(
            f"You can write a spec, check it and save it as a file, but not submit it. {words.escape(reason)}",
            icon=":material/lock:",
        )
    wrong = draft.begin(snapshot, links.asked("from"))
    if wrong is not None:
        st.warning("**There is no spec to begin with**", icon=":material/search_off:")
        st.text(words.text(wrong, 800))
    _replaced()
    checked = draft.checked()
    answer = estimates.answer(checked.spec)
    problems = checked.problems
    if not problems:
        said = [answer.said if answer is not None else "", refused() or ""]
        problems = tuple(located(sentence, draft.text()) for sentence in dict.fromkeys(said) if sentence)
    left, right = st.columns(2, gap="large")
    with left:
        form()
    with right:
        editor(problems)
        if draft.said() and draft.before() is None:
            st.caption(words.escape(draft.said(), 500))
        submit(snapshot, checked, answer)
    preview(checked.spec, answer)
    shell.same_data(snapshot.command("validate", FILE, "--json"))


def _replaced() -> None:
    """The text that a search's spec took the place of can be had back."""
    before = draft.before()
    if before is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(words.escape(draft.said(), 300), width="content")
            st.button(
                "Back to what was here before",
                icon=":material/undo:",
                key="before",
                on_click=draft.replace,
                args=(before,),
            )
