"""The parameters of a trial, as a difference from the best one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import links, words
from dashboard.queries.differences import SAME, differences, parameters, queue_entry

MOST_SIGNS = 20_000  # of a configuration

COLUMNS = {
    "mark": st.column_config.TextColumn("", width="small"),
    "parameter": st.column_config.TextColumn("Parameter", pinned=True),
    "own": st.column_config.TextColumn("This trial"),
    "other": st.column_config.TextColumn("The other"),
    "by": st.column_config.TextColumn("By", width="small", help="How many times as large as the other's"),
}


def show(row: Mapping[str, Any], other: Mapping[str, Any] | None, is_best: bool) -> None:
    """What differs from the best trial first; what is the same is folded away.

    Args:
        other: the best trial but this one; None where there is none.
        is_best: whether this one is the best of its search.
    """
    own = parameters(row["parameters"])
    if not own:
        st.info("No parameter of it is open in the space.", icon=":material/tune:")
    elif other is None:
        st.caption("There is no other complete trial to compare it with.")
        _table(differences(own, {}).select("parameter", "own"), "parameters")
    else:
        _against(row, own, other, is_best)
    _configuration(row)


def _against(row: Mapping[str, Any], own: Mapping[str, Any], other: Mapping[str, Any], is_best: bool) -> None:
    lines = differences(own, parameters(other["parameters"]))
    which = "the second best trial" if is_best else "the best trial"
    name = f"{other['search_id']}/{other['trial']}"
    with st.container(horizontal=True, vertical_alignment="center"):
        began = "This is the best trial of its search. " if is_best else ""
        said = f"{began}Compared with {which}, {number(other['score'])} against {number(row['score'])}:"
        st.markdown(words.escape(said, 300), width="content")
        links.link(f"trial {other['trial']}", "trial", icon=":material/science:", id=name)
    if row["family"] != other["family"]:
        said = f"They are of two families: {row['family']} here, {other['family']} there."
        st.caption(words.escape(f"{said} Parameters of one name may mean different things."))
    differing, same = (
        lines.filter(pl.col("mark") != SAME),
        lines.filter(pl.col("mark") == SAME).select("parameter", "own"),
    )
    if differing.height:
        _table(differing, "differing")
    else:
        st.success("All their parameters are the same.", icon=":material/check:")
    if same.height:
        with st.expander(
            f"{words.plural(same.height, 'parameter')} the same in both", icon=":material/equal:"
        ):
            _table(same, "same")


def _table(lines: pl.DataFrame, key: str) -> None:
    shown = lines.with_columns(pl.col(pl.String).map_elements(words.text, pl.String))
    st.dataframe(
        shown,
        hide_index=True,
        column_config=COLUMNS,
        height="auto" if lines.height <= 14 else 520,
        key=key,
        alt="One row a parameter, those that differ first.",
    )


def _configuration(row: Mapping[str, Any]) -> None:
    """The parameters as they can be copied into the queue of another spec."""
    with st.expander("Run it again, or in another search", icon=":material/content_copy:"):
        st.caption(
            "An entry of `queue:` in a spec is tried first. JSON is YAML too, so that it can stand there as it is."
        )
        entry = queue_entry(row["family"], parameters(row["parameters"]))
        st.code(json.dumps([entry], indent=2)[:MOST_SIGNS], language="json", wrap_lines=True)
