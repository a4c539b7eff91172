"""Trying a model on one input: a form, and what the model says."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from automl.errors import AutoMLError, UnreachableError
from dashboard import processes, words
from dashboard.queries import bundles, input_files, inputs
from dashboard.queries.bundles import Bundle
from dashboard.views import prediction

MOST_AT_ONCE = 2  # predictions that run at a time, each in a process with torch
SECONDS = 120.0  # that one may take, and that it may wait for its turn
MOST_SIGNS = 500_000  # of pasted lines
UPLOAD_MEGABYTES = 10
ENDINGS = {"image": ("png", "jpg", "jpeg"), "audio": ("wav", "flac", "ogg")}
_turns = threading.BoundedSemaphore(MOST_AT_ONCE)


def show(found: Bundle, model: Mapping[str, Any]) -> None:
    """The form of a model, and what it said of the input that was given last."""
    st.subheader("Try it on one input", anchor=False)
    task = model.get("task")
    kind = task.get("kind") if isinstance(task, dict) else None
    why_not = _why_not(model, kind)
    if why_not:
        st.info(why_not, icon=":material/info:")
        return
    try:
        preprocessing = bundles.preprocessing(found)
        asked = inputs.input_of(preprocessing)
    except AutoMLError as error:
        st.error(words.escape(error, 500), icon=":material/error:")
        return
    with st.form("try", border=True):
        given = _widgets(asked)
        if st.form_submit_button("Predict", icon=":material/play_arrow:"):
            with st.spinner("The model is loaded in a process of its own …"):
                st.session_state["tried"] = (found.which, _tried(found, asked, preprocessing, given))
    which, said = st.session_state.get("tried", (None, None))
    if which == found.which:
        _answer(said, str(kind))


def _why_not(model: Mapping[str, Any], kind: object) -> str:
    """Why there is no form; empty where there is one."""
    if kind == "generation":
        return "This model takes no input: it makes up rows. `automl generate BUNDLE FILE` writes some."
    if model.get("file_family"):
        return (
            "This model is of a family from a file of somebody's own, which a bundle never carries, so that it "
            "cannot be run from here: `automl predict BUNDLE DATA --family FILE` does."
        )
    return ""


def _widgets(asked: inputs.Input) -> Any:
    """The widgets of an input, and what stands in them."""
    if asked.about:
        st.caption(words.escape(asked.about, 600))
    if asked.form in ENDINGS:
        return st.file_uploader(
            "Image" if asked.form == "image" else "Recording",
            type=ENDINGS[asked.form],
            key="try-file",
            max_upload_size=UPLOAD_MEGABYTES,
        )
    if asked.form != "fields":
        label = "Lines of CSV" if asked.form == "lines" else "Numbers"
        return st.text_area(label, asked.lines, height=180, max_chars=MOST_SIGNS, key="try-lines")
    if any(field.kind == "long_text" for field in asked.fields):
        return {field.name: _widget(field, place) for place, field in enumerate(asked.fields)}
    columns = st.columns(min(3, max(len(asked.fields), 1)))
    given: dict[str, Any] = {}
    for place, field in enumerate(asked.fields):
        with columns[place % len(columns)]:
            given[field.name] = _widget(field, place)
    return given


def _widget(field: inputs.Field, place: int) -> Any:
    label, key, about = (
        words.escape(field.name, 60) or "(no name)",
        f"try-{place}",
        words.escape(field.about, 200) or None,
    )
    if field.kind == "number":
        return st.number_input(
            label, value=field.start, step=None, format="%g", key=key, help=about, placeholder="missing"
        )
    if field.kind == "category":
        return st.selectbox(
            label,
            field.choices,
            index=0 if field.choices else None,
            format_func=words.text,
            key=key,
            help=about,
            placeholder="missing",
        )
    if field.kind == "long_text":
        return st.text_area(label, field.start, height=140, max_chars=MOST_SIGNS, key=key, help=about)
    return st.text_input(label, field.start, max_chars=1000, key=key, help=about)


def _tried(found: Bundle, asked: inputs.Input, preprocessing: Mapping[str, Any], given: Any) -> Any:
    """What the model says, as rows, or in a sentence what is wrong."""
    with tempfile.TemporaryDirectory(prefix="automl-try-") as name:
        folder = Path(name)
        try:
            file = _file(folder, asked, preprocessing, given)
            return (
                "There is nothing to predict from: choose a file."
                if file is None
                else _predicted(found, file)
            )
        except AutoMLError as error:
            return str(error).replace(f"{folder}/", "")


def _file(folder: Path, asked: inputs.Input, preprocessing: Mapping[str, Any], given: Any) -> Path | None:
    if asked.form == "fields":
        return input_files.fields_file(folder, given)
    if asked.form == "lines":
        return input_files.lines_file(folder, given)
    if asked.form == "steps":
        return input_files.steps_file(folder, given, preprocessing["encoder"])
    return None if given is None else input_files.media_file(folder, given.name, given.getvalue())


def _predicted(found: Bundle, file: Path) -> Any:
    if not _turns.acquire(timeout=SECONDS):
        raise UnreachableError(f"{MOST_AT_ONCE} predictions are running; try again in a moment.")
    try:
        with found.place.fetched() as local:
            return processes.ask("predict", str(local), str(file), seconds=SECONDS)
    finally:
        _turns.release()


def _answer(said: Any, kind: str) -> None:
    if isinstance(said, str):
        st.error(words.escape(said, 1500), icon=":material/error:")
    else:
        prediction.show(said, kind)
