"""What a draft would search and cost, before it is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from automl.spec import SearchSpec
from automl.wording import number
from dashboard import words
from dashboard.drafts import estimates
from dashboard.drafts.estimates import Answer
from dashboard.views.space_tree import space_tree

POLL_SECONDS = 1.0
BASIS = (
    "Estimated by training one batch of each family's default configuration on the dashboard's machine, carried "
    "over to whole trainings; with early stopping, a trial is taken to use the usual share of its epochs. "
    "Larger configurations take more, smaller ones less, and other machines differ."
)
_GIGABYTE, _MEGABYTE = 1e9, 1e6


def preview(spec: SearchSpec | None, answer: Answer | None) -> None:
    """The costs, the spaces and some configurations; or why there are none yet."""
    st.subheader("Preview", anchor=False)
    if spec is None:
        st.caption("It comes as soon as the spec is valid.")
    elif answer is None:
        _wait(spec)
    elif answer.found is None:
        st.error(words.escape(answer.said, 1500), icon=":material/error:")
        st.button(
            "Try again",
            icon=":material/refresh:",
            key="estimate-again",
            on_click=estimates.forget,
            args=(spec,),
        )
    else:
        _show(answer.found)


def _wait(spec: SearchSpec) -> None:
    @st.fragment(run_every=POLL_SECONDS, key="estimate")
    def look() -> None:
        if estimates.answer(spec) is not None:
            st.rerun()
        seconds = estimates.running_seconds()
        for_long = "waiting for its turn" if seconds is None else f"{seconds:.0f} s"
        with st.container(key="estimate-waits"):
            st.status(f"Reading the data, training one batch of each family: {for_long}", state="running")
            st.caption("It takes some seconds. Any change of the spec ends it, and begins it anew.")

    look()


def _show(found: Mapping[str, Any]) -> None:
    costs = [
        ("Time", words.duration(found["seconds"]), "Of the whole search on its workers, refits included"),
        ("Memory of a worker", _bytes(found["memory_bytes"]), "At its highest, the data included"),
        ("Disk", _bytes(found["disk_bytes"]), "Kept models and tables"),
        ("Trials", f"{found['n_trials']:,}", "That fit into the budget, or that it asks for"),
        ("Workers", f"{found['n_workers']:,}", "Trials that train at once"),
    ]
    with st.container(horizontal=True):
        for label, value, about in costs:
            st.metric(label, value, border=True, help=about)
    st.caption(f"The search will be {words.escape(found['search_id'], 100)}. {BASIS}")
    if found["notes"]:
        st.caption(
            "Seen in the data:\n" + "\n".join(f"- {words.escape(note, 400)}" for note in found["notes"])
        )
    families = pl.DataFrame(
        {
            "Family": [words.text(one["family"], 80) for one in found["families"]],
            "Weights": [one["n_parameters"] for one in found["families"]],
            "Full training": [words.duration(one["seconds"]) for one in found["families"]],
            "Model on disk": [_bytes(one["bundle_bytes"]) for one in found["families"]],
        }
    )
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.markdown("**Cost of each family's default configuration**")
        st.dataframe(
            families,
            hide_index=True,
            key="estimate-families",
            column_config={"Weights": st.column_config.NumberColumn(format="localized")},
            alt="One row a family: weights, time of a full training, size on disk.",
        )
    with right:
        _samples(found["samples"])
    st.markdown("**Space of each family**")
    names = list(found["spaces"])
    for tab, name in zip(st.tabs([words.escape(name, 60) for name in names]), names, strict=True):
        with tab:
            space_tree(found["spaces"][name], name)


def _samples(samples: list[Mapping[str, Any]]) -> None:
    """Each configuration a column: what they have in common stands in one row."""
    st.markdown(f"**{len(samples)} configurations, drawn at random by the seed**")
    paths = list(dict.fromkeys(path for sample in samples for path in sample["values"]))
    table = {"Parameter": ["family", *(words.text(path, 120) for path in paths)]}
    for place, sample in enumerate(samples, start=1):
        values = [_cell(sample["values"], path) for path in paths]
        table[str(place)] = [words.text(sample["family"], 60), *values]
    st.dataframe(
        pl.DataFrame(table),
        hide_index=True,
        height=280,
        key="estimate-samples",
        column_config={"Parameter": st.column_config.TextColumn(pinned=True)},
        alt="One column a configuration, one row a parameter.",
    )
    st.caption("Examples of what the spaces hold; a sampler that learns asks for others. –: not open there.")


def _cell(values: Mapping[str, Any], path: str) -> str:
    if path not in values:
        return "–"
    value = values[path]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return words.text(value, 60)


def _bytes(n: float) -> str:
    return f"{n / _GIGABYTE:.1f} GB" if n >= _GIGABYTE else f"{max(n / _MEGABYTE, 0.1):.1f} MB"
