"""One model: whether it is whole, how to get it, its files and their hashes, its card, and a form to try it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from automl.bundle_files import MANIFEST
from automl.errors import AutoMLError
from automl.wording import number
from dashboard import links, shell, words
from dashboard.queries import board_table, bundles, checking
from dashboard.queries.bundles import Bundle
from dashboard.snapshot import Snapshot
from dashboard.views import card, trying
from dashboard.web import downloads


def show(snapshot: Snapshot, which: str) -> None:
    """The model of a search, a trial or a refit."""
    try:
        found = bundles.shown(snapshot, which)
    except AutoMLError as error:
        _head(snapshot, which)
        st.warning("**There is no such model**", icon=":material/search_off:")
        st.text(words.text(error, 1500))
        return
    _head(snapshot, found.which)
    problem = _checked(found)
    if problem:
        st.error("**This checkpoint is not the one that was saved**", icon=":material/error:")
        st.text(words.text(problem, 1500))
        return
    try:
        model, text = bundles.model(found), bundles.card(found)
    except AutoMLError as error:
        st.error("**This checkpoint cannot be read**", icon=":material/error:")
        st.text(words.text(error, 1500))
        return
    _facts(found, model)
    left, right = st.columns([3, 2], gap="large")
    with left:
        trying.show(found, model)
        st.subheader("Model card", anchor=False)
        with st.container(border=True):
            card.show(text)
    with right:
        _get(snapshot, found, model)
        _files(found)


def _head(snapshot: Snapshot, which: str) -> None:
    """The name of a model, and where to read more of it."""
    shell.heading(words.escape(which, 80), snapshot, "scores")
    search_id, _, work = which.partition("/")
    with st.container(horizontal=True):
        links.link("All models", "models", ":material/arrow_back:")
        if work:
            links.link("Trial", "trial", ":material/model_training:", id=which)
        links.link("Search", "search", ":material/query_stats:", id=search_id)


def _checked(found: Bundle) -> str | None:
    """What is wrong with it; asked for where it was not checked by itself."""
    place = st.empty()
    problem = checking.problem(found)
    with place.container(horizontal=True, vertical_alignment="center"):
        badge(problem)
        if problem is None and st.button("Check its hashes now", icon=":material/fact_check:", key="check"):
            problem = checking.problem(found, asked_for=True)
    if problem is not None:
        with place.container():
            badge(problem)
    return problem


def badge(problem: str | None) -> None:
    """Whether a bundle is whole: a word with a sign, and a colour."""
    if problem is None:
        st.badge("not checked yet", icon=":material/help:", color="gray")
    elif problem:
        st.badge("not whole", icon=":material/error:", color="orange")
    else:
        st.badge(
            "verified: every file has the hash that was recorded", icon=":material/verified:", color="green"
        )


def _facts(found: Bundle, model: Mapping[str, Any]) -> None:
    details = _mapping(model.get("details"))
    metric, goal = str(details.get("metric", "")), str(details.get("goal", ""))
    scores = _mapping(_mapping(details.get("scores")).get("test"))
    low, high = interval_of(details, metric)
    with st.container(horizontal=True):
        if metric in scores:
            about = "no interval" if low is None else f"95 % interval {number(low)} … {number(high)}"
            st.metric(
                f"{words.escape(metric, 40)} {words.arrow(goal)} on test rows",
                _number(scores[metric]),
                border=True,
                help=f"{about}; {words.direction(goal)}",
            )
            if low is not None:
                st.metric("95 % interval", f"{number(low)} … {number(high)}", border=True)
        st.metric("Family", words.escape(model.get("family"), 40), border=True)
        st.metric(
            "Weights", f"{_number(details.get('n_parameters'))}", border=True, help="Numbers that are learned"
        )
        st.metric("Size", megabytes(found.n_bytes), border=True)
        st.metric(
            "Latency", f"{_number(details.get('latency_ms'))} ms", border=True, help="To predict one row"
        )


def _get(snapshot: Snapshot, found: Bundle, model: Mapping[str, Any]) -> None:
    st.subheader("Get it", anchor=False)
    st.link_button("Download all files (zip)", downloads.address(found.which), icon=":material/download:")
    st.caption("On the command line, verified")
    st.code(pull(snapshot, found.which), language=None, wrap_lines=True)
    st.caption("In Python")
    folder = f"./{found.which.replace('/', '-')}"
    own = ', family="YOUR_FAMILY.py"' if model.get("file_family") else ""
    use = "generate(10)" if _mapping(model.get("task")).get("kind") == "generation" else 'predict("rows.csv")'
    st.code(
        f'import automl\n\nmodel = automl.load("{folder}"{own})\nmodel.{use}',
        language="python",
        wrap_lines=True,
    )
    if not found.has_onnx:
        st.caption("It has no ONNX file; this makes one, checked against PyTorch")
        st.code(f"{pull(snapshot, found.which)} --onnx", language=None, wrap_lines=True)


def _files(found: Bundle) -> None:
    st.subheader("Files", anchor=False)
    st.caption(
        "PyTorch weights as safetensors, and JSON: loading runs nothing that a bundle brings along. Below each file "
        "is its SHA-256."
    )
    with st.container(border=True, gap="xsmall"):
        for name in (*found.files, MANIFEST):
            listed = found.listed_as(name)
            with st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
            ):
                label, where = words.escape(name, 60), downloads.address(found.which, name)
                st.link_button(label, where, icon=":material/download:", type="tertiary")
                st.text(megabytes(listed.n_bytes), width="content")
            st.markdown(f":small[`{listed.sha256}`]")


def pull(snapshot: Snapshot, which: str) -> str:
    """The command that gets a model."""
    return board_table.pull(snapshot, which)


def interval(found: Bundle, metric: str) -> tuple[float | None, float | None]:
    """The 95 % interval of the model's own test score, as its bundle has it."""
    try:
        return interval_of(_mapping(bundles.model(found).get("details")), metric)
    except AutoMLError:
        return None, None


def interval_of(details: Mapping[str, Any], metric: str) -> tuple[float | None, float | None]:
    """The ends of an interval among the details of a model; None where there is none."""
    ends = _mapping(_mapping(details.get("intervals")).get("test")).get(metric)
    if isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, int | float) for end in ends):
        return ends[0], ends[1]
    return None, None


def megabytes(n_bytes: int | None) -> str:
    """
    >>> megabytes(1_454_820), megabytes(2849), megabytes(None)
    ('1.45 MB', '2.85 kB', 'unknown size')
    """
    if n_bytes is None:
        return "unknown size"
    return f"{n_bytes / 1e6:,.3g} MB" if n_bytes >= 999_500 else f"{n_bytes / 1e3:,.3g} kB"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return number(value) if isinstance(value, float) else "–"
