"""The predictions of a refit: by the kind of task, what is worth looking at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from automl.errors import AutoMLError
from dashboard import words
from dashboard.queries import predictions as queries
from dashboard.queries.predictions import Whose
from dashboard.queries.trial import Target
from dashboard.snapshot import Snapshot
from dashboard.views import classes, numbers


def show(snapshot: Snapshot, search_id: str, trial: int, seed: int, task: str, target: Target) -> None:
    """What there is to see of a kind of task; in words, where there is nothing."""
    there = queries.splits(snapshot, search_id, trial, seed)
    if not there:
        st.info("No predictions of this refit are in the tables.", icon=":material/table_rows:")
        return
    draw = _DRAWN.get(task)
    if draw is None:
        st.info(words.escape(NOTHING.get(task, f"This page does not know the task {task!r}.")))
        return
    options = [name for name in ("test", "validation") if name in there] or there
    split = options[0]
    if len(options) > 1:
        split = st.segmented_control(
            "Rows", options, default=options[0], required=True, key="split", bind="query-params"
        )
    try:
        draw(snapshot, Whose(search_id, trial, seed, str(split or options[0])), target)
    except AutoMLError as error:
        st.warning(words.escape(error, 600), icon=":material/error:")


_DRAWN: Mapping[str, Callable[[Snapshot, Whose, Target], None]] = {
    "classification": classes.classes,
    "multilabel": classes.labels,
    "regression": numbers.numbers,
    "quantile": numbers.numbers,
    "forecasting": numbers.numbers,
    "anomaly": numbers.scores,
}
NOTHING = {
    "generation": "What is generated has no target, row by row: see its scores on the leaderboard.",
    "representation": "A representation predicts nothing, row by row: see its scores on the leaderboard.",
}
