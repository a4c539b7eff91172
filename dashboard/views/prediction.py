"""What a model says of one input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import words

MAX_CLASSES = 10
MAX_ROWS = 500
_PROBABILITY, _QUANTILE = "probability_", "quantile_"
COLUMNS = {
    "class": st.column_config.TextColumn("Class"),
    "probability": st.column_config.ProgressColumn(
        "Probability", format="percent", min_value=0.0, max_value=1.0
    ),
}


def show(rows: Sequence[Mapping[str, Any]], kind: str) -> None:
    """The prediction, and how sure it is where the model says so.

    Args:
        rows: what `automl predict --json` prints.
        kind: of the task.
    """
    if not rows:
        st.info("The model says nothing of this input.", icon=":material/info:")
    elif len(rows) > 1:
        _many(rows)
    elif kind in ("classification", "multilabel"):
        _classes(rows[0], kind)
    elif kind == "quantile":
        _quantiles(rows[0])
    else:
        _values(rows[0])


def _classes(row: Mapping[str, Any], kind: str) -> None:
    found = {name.removeprefix(_PROBABILITY): p for name, p in row.items() if name.startswith(_PROBABILITY)}
    said = words.text(row.get("prediction") or "none of the labels", 120)
    st.metric("Predicted class" if kind == "classification" else "Predicted labels", said, border=True)
    ordered = sorted(found.items(), key=lambda one: -(one[1] or 0.0))[:MAX_CLASSES]
    frame = pl.DataFrame(
        [(words.text(name, 120), p) for name, p in ordered],
        schema={"class": pl.String, "probability": pl.Float64},
        orient="row",
    )
    st.dataframe(
        frame, hide_index=True, column_config=COLUMNS, key="try-classes", alt="The probability of each class."
    )
    cut = f"{len(ordered)} shown of {len(found):,}, the likeliest. " if len(found) > len(ordered) else ""
    st.caption(f"{cut}Probabilities are the network's own, not calibrated afterwards.")


def _quantiles(row: Mapping[str, Any]) -> None:
    levels = sorted((float(name.removeprefix(_QUANTILE)), value) for name, value in row.items())
    with st.container(horizontal=True):
        for level, value in levels:
            st.metric(f"{100 * level:g} % lie below", number(value), border=True)


def _values(row: Mapping[str, Any]) -> None:
    if len(row) > 4:
        _many([row])
        return
    with st.container(horizontal=True):
        for name, value in row.items():
            shown = number(value) if isinstance(value, int | float) else words.text(value, 120)
            st.metric(words.escape(name.replace("_", " ").capitalize(), 60), shown, border=True)


def _many(rows: Sequence[Mapping[str, Any]]) -> None:
    frame = pl.DataFrame(rows[:MAX_ROWS], infer_schema_length=None)
    st.dataframe(frame, hide_index=True, key="try-rows", alt="What the model says, a row each.")
    if len(rows) > MAX_ROWS:
        st.caption(f"{MAX_ROWS} shown of {len(rows):,}, the first.")
