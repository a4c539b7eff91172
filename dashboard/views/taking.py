"""How to get the model of a trial or refit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from automl.errors import AutoMLError
from dashboard import links, words
from dashboard.queries import bundles, checking
from dashboard.queries.naming import Named
from dashboard.snapshot import Snapshot
from dashboard.views import model

KEPT = "only those of the ten best trials, of the Pareto front and of all refits are kept"


def show(snapshot: Snapshot, named: Named, row: Mapping[str, Any] | None, can_be_there: bool) -> None:
    """The command that gets it, and whether what lies there is what was saved.

    Args:
        row: of the trial; None for a refit, and for a trial that has not ended.
        can_be_there: whether a bundle is to be expected at all.
    """
    st.subheader("The model", anchor=False)
    if not can_be_there:
        _none(row)
        return
    try:
        found = bundles.shown(snapshot, str(named))
        problem = checking.problem(found)
    except AutoMLError as error:
        st.warning(words.escape(error, 600), icon=":material/error:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        model.badge(problem)
        size = f"{found.n_bytes / 1e6:,.3g} MB in {words.plural(len(found.files) + 1, 'file')}"
        st.text(words.text(size))
        links.link("Card, files, and a form to try it", "models", icon=":material/package_2:", id=str(named))
    if problem:
        st.error(words.escape(problem, 600), icon=":material/error:")
    st.code(model.pull(snapshot, str(named)), language=None, wrap_lines=True)


def _none(row: Mapping[str, Any] | None) -> None:
    if row is None:
        st.caption("There is no model yet.")
    elif row["bundle_removed"] or row["state"] == "complete":
        what = "Its bundle was removed" if row["bundle_removed"] else "No bundle of it was kept"
        again = "Its configuration, under “Parameters”, can be trained again."
        st.info(f"{what}: {KEPT}. {again}", icon=":material/delete:")
    else:
        st.caption(words.escape(f"No model is kept of a trial that is {row['state']}."))
