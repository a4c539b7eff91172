"""The head of the page of a trial or refit: its state, why, its scores, and what it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import words
from dashboard.queries import trial as queries
from dashboard.queries.naming import Named
from dashboard.snapshot import Snapshot
from dashboard.views import story


def trial(
    snapshot: Snapshot, search: Mapping[str, Any], begun: Sequence[dict[str, Any]], row: dict[str, Any] | None
) -> None:
    """How a trial ended, why, its place, and what it took.

    Args:
        search: its row.
        begun: the attempts that the search's folder knows of.
        row: of the trial; None while none of its attempts has ended.
    """
    if row is None:
        _state("running", f"Attempt {len(begun)} is under way; what comes of it appears here when it ends.")
        return
    rung = None
    if row["state"] == "stopped" and not row["reason"]:
        asked = (row["n_epochs"], row["metric"], row["goal"])
        rung = queries.rung(snapshot, row["search_id"], row["trial"], *asked)
    _state(row["state"], story.ended(row, rung), row["message"])
    place, n_ranked = queries.place(snapshot, row["search_id"], row["trial"])
    with st.container(horizontal=True):
        best = f"{words.escape(row['metric'], 40)} {words.arrow(row['goal'])}"
        about = f"The best on the validation rows; {words.direction(row['goal'])}"
        st.metric(best, number(row["score"]), border=True, help=about)
        ranked = "–" if place is None else f"{place:,} of {n_ranked:,}"
        st.metric(
            "Place",
            ranked,
            border=True,
            help="Among the complete trials of its search that meet the constraints",
        )
        st.metric("Epochs", f"{row['n_epochs']:,}", border=True, help=_best_epoch(row))
        _costs(row)
    origin = story.ORIGINS.get(row["origin"], row["origin"])
    _facts(search, row, f"{origin} · seed {row['seed']} · {row['device']}")
    if not row["feasible"]:
        st.warning(
            "It does not meet the constraints of its search, so that it is not ranked.",
            icon=":material/rule:",
        )


def refit(
    named: Named, search: Mapping[str, Any], begun: Sequence[dict[str, Any]], scores: pl.DataFrame
) -> None:
    """The scores of a refit, and what it took.

    Args:
        scores: of the refit; none where it failed, or is being trained.
    """
    if not scores.height:
        last = begun[-1]
        reason = story.REASONS.get(last.get("reason") or "", "")
        sentence = f"It failed. {reason}" if last["state"] == "failed" else "It is being trained."
        _state(last["state"], sentence, last.get("message"))
        return
    first = scores.row(0, named=True)
    _state(
        "complete",
        f"Trial {named.trial} of its search, trained again for {first['n_epochs']:,} epochs.",
    )
    metric, goal = search["metric"], search["goal"]
    with st.container(horizontal=True):
        for split, about in (("test", "No search has seen these rows"), ("validation", "As for trials")):
            found = scores.filter(metric=metric, split=split)
            score = found["score"][0] if found.height else None
            label = f"{words.escape(metric, 40)} {words.arrow(goal)} {split}"
            st.metric(label, number(score), border=True, help=f"{about}; {words.direction(goal)}")
        _costs(first)
    _facts(search, first, f"seed {first['seed']}")


def _state(state: str, sentence: str, message: str | None = None) -> None:
    _, icon, colour = words.STATES.get(state, words.UNKNOWN)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(words.escape(state, 40), icon=icon, color=colour)
        st.text(words.text(sentence, 800))
    if message:
        with st.container(border=True):
            st.text(words.text(message, 2000))


def _best_epoch(row: dict[str, Any]) -> str | None:
    return None if row["best_epoch"] is None else f"The best was epoch {row['best_epoch']}"


def _costs(row: dict[str, Any]) -> None:
    """What it took, and what using it takes."""
    st.metric("Training", words.duration(row["train_seconds"]), border=True)
    weights = "–" if row["n_parameters"] is None else f"{row['n_parameters']:,}"
    st.metric("Weights", weights, border=True, help="Numbers that are learned")
    if row["latency_ms"] is not None:
        st.metric("Latency", f"{row['latency_ms']:.3g} ms", border=True, help="Of one row")
    if row.get("peak_memory_bytes") is not None:
        st.metric("Peak memory", f"{row['peak_memory_bytes'] / 1e6:,.0f} MB", border=True)


def _facts(search: Mapping[str, Any], row: Mapping[str, Any], more: str) -> None:
    st.caption(words.escape(f"{row['family']} · {search['task']} on {search['dataset']} · {more}", 400))
