"""The field in which the YAML of a spec is typed: checked as one types, with the lines that are wrong marked."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import words
from dashboard.drafts import draft
from dashboard.drafts.check import Problem
from dashboard.server import HERE

ROWS = 21
_LONGEST = 1000  # signs of a sentence


def _part(kind: str) -> str:
    return (HERE / "editor" / f"editor.{kind}").read_text(encoding="utf-8")


_FIELD = st.components.v2.component(
    "automl_spec_editor", html=_part("html"), css=_part("css"), js=_part("js")
)


def editor(problems: Sequence[Problem]) -> None:
    """The text of the draft, with what is wrong with it; what is typed becomes the draft."""
    shown = [
        {"line": problem.line, "sentence": words.text(problem.sentence, _LONGEST)} for problem in problems
    ]
    data = {
        "text": draft.text(),
        "version": draft.version(),
        "problems": shown,
        "rows": ROWS,
        "label": "The spec, as YAML",
        "about": "Tab leaves the field. What is typed is checked after a moment.",
    }
    _FIELD(key=draft.EDITOR, data=data, on_typed_change=draft.catch_up)
