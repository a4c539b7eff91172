"""The first part of the form: which data, and which column of it is to be predicted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from automl.errors import DataError
from automl.store.uploads import SCHEME
from dashboard import words
from dashboard.drafts import draft, files
from dashboard.queries import datasets
from dashboard.views import fields

REGISTERED, FILE, UPLOAD = "Known by name", "File of this machine", "Upload"
MOST_MEGABYTES = 200
_ORIGIN, _DERIVED, _NAME, _TARGET, _UPLOADED = (
    f"form-{part}" for part in ("origin", "origin-of-text", "data-name", "data-target", "upload")
)
_SOURCES = ("path", "name", "openml")


def data(plain: Mapping[str, Any]) -> None:
    """Where the rows come from, the first of them, and the target."""
    given = plain.get("data")
    given = given if isinstance(given, Mapping) else {}
    path = given.get("path") if isinstance(given.get("path"), str) else None
    origin = _origin(given, path)
    if origin == REGISTERED:
        _registered(given.get("name"))
    elif origin == UPLOAD:
        _upload(path)
    elif origin == FILE:
        about = (
            "A table (CSV, TSV, Parquet, JSON lines), or an archive or a folder of images, sounds or texts."
        )
        fields.text(("data", "path"), "File or folder", about, otherwise="/data/houses.csv")
        st.caption("A new file here keeps the target and all else that the YAML says of the data.")
    else:
        st.caption(f"In the YAML: {words.escape(dict(given), 120)}")
    found = None if path is None else _first_rows(path, str(given.get("encoding", "utf-8")))
    _target(given, found)


def _origin(given: Mapping[str, Any], path: str | None) -> str | None:
    """Which way is open: that of the YAML, until another is chosen."""
    own = files.why_no_files()
    derived = REGISTERED if "name" in given or not given else None
    if path is not None:
        derived = FILE if own is None and not files.is_upload(path) else UPLOAD
    if st.session_state.get(_DERIVED, "") != derived:
        st.session_state[_ORIGIN] = st.session_state[_DERIVED] = derived
    options = [REGISTERED, *([FILE] if own is None else []), UPLOAD]
    if st.session_state[_ORIGIN] not in options:
        st.session_state[_ORIGIN] = None
    chosen = st.segmented_control("Data", options, key=_ORIGIN, width="stretch")
    return None if chosen is None else str(chosen)


def _registered(name: Any) -> None:
    known = {one.name: one for one in datasets.registered()}
    if not known:
        st.info(
            "No data set is known by name yet: one is a file of `benchmarks/datasets/`. Upload a file instead.",
            icon=":material/database:",
        )
        return
    st.session_state[_NAME] = name if name in known else None
    st.selectbox(
        "Data set",
        list(known),
        None,
        format_func=lambda one: f"{one} · {known[one].kind}, {known[one].task}, {known[one].n_rows:,} rows",
        key=_NAME,
        placeholder="Choose one",
        help="Data sets that come with the product: source and licence are checked and named.",
        on_change=lambda: _choose({"name": st.session_state[_NAME]}),
    )
    if name in known:
        one = known[name]
        st.caption(words.escape(f"{one.summary}; its target is {one.target}; licence: {one.licence}", 300))


def _upload(path: str | None) -> None:
    st.file_uploader(
        "File",
        type=list(datasets.ENDINGS),
        key=_UPLOADED,
        max_upload_size=MOST_MEGABYTES,
        help="A table, or one archive of images, sounds or texts: zip, tar.gz. It stays on the dashboard's machine "
        "until this page is closed, and goes to the service with the search.",
        on_change=_take,
    )
    if path is not None:
        name = path.rsplit("/", 1)[-1]
        how = "is in the store already" if path.startswith(SCHEME) else "is here"
        if path.startswith(SCHEME) or files.is_upload(path):
            st.caption(f"{words.escape(name, 120)} {how}.")


def _take() -> None:
    """What was uploaded becomes the data."""
    uploaded = st.session_state[_UPLOADED]
    if uploaded is None:
        return
    try:
        kept = files.folder().keep(uploaded.name, uploaded.getvalue())
    except OSError as error:
        draft.say(f"The file cannot be kept on the dashboard's machine: {error.strerror}.")
    else:
        _choose({"path": str(kept)})


def _choose(source: dict[str, Any]) -> None:
    """Other data: the target was that of the data before."""
    given = (draft.checked().plain or {}).get("data")
    given = dict(given) if isinstance(given, Mapping) else {}
    target = given.pop("target", None)
    if {key: given.pop(key) for key in _SOURCES if key in given} == source:
        return
    why = (
        f"The target {words.text(target, 80)} was of the data before: choose one."
        if target is not None
        else ""
    )
    draft.put(("data",), source | given, why)


def _first_rows(path: str, encoding: str) -> datasets.Columns | None:
    """What the beginning of the file shows, where it may be read and is a table."""
    if path.startswith(SCHEME) or not datasets.has_columns(path) or files.why_not_read(path) is not None:
        return None
    try:
        found = datasets.columns(files.absolute(path), encoding)
    except (DataError, LookupError) as error:
        st.warning(words.escape(error, 400), icon=":material/table:")
        return None
    with st.expander(f"First rows of {words.escape(Path(path).name, 80)}", icon=":material/table:"):
        st.dataframe(found.rows, hide_index=True, key="form-rows", alt="The first rows of the data.")
        st.caption(f"{found.rows.height} rows shown, of {words.plural(found.n_columns, 'column')}.")
    return found


def _target(given: Mapping[str, Any], found: datasets.Columns | None) -> None:
    target = given.get("target")
    chosen = [target] if isinstance(target, str) else target if isinstance(target, list) else []
    chosen = [name for name in chosen if isinstance(name, str)]
    names = list(found.names) if found is not None else []
    st.session_state[_TARGET] = chosen
    st.multiselect(
        "Target",
        list(dict.fromkeys([*names, *chosen])),
        format_func=lambda name: words.text(name, 80) or "(no name)",
        key=_TARGET,
        accept_new_options=True,
        help="The column to predict, or several. Type one that is not in the list.",
        placeholder="That of the data set" if "name" in given else "The column to predict",
        disabled=draft.checked().plain is None or not given,
        on_change=_choose_target,
    )
    missing = [name for name in chosen if names and name not in names]
    if missing and found is not None and found.n_columns == len(names):
        listed = words.escape(", ".join(map(repr, missing)), 200)
        st.warning(f"There is no column {listed} in the data.", icon=":material/rule:")


def _choose_target() -> None:
    chosen: list[str] = st.session_state[_TARGET]
    draft.put(("data", "target"), chosen if len(chosen) > 1 else next(iter(chosen), None))
