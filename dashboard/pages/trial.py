"""One trial, or a refit of one: what exactly ran, what came of it, and how to have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard import links, shell, words
from dashboard.queries import predictions as prediction_queries
from dashboard.queries import refits as refit_queries
from dashboard.queries import searches as search_queries
from dashboard.queries import trial as queries
from dashboard.queries.naming import Named, named
from dashboard.snapshot import Snapshot
from dashboard.views import (
    architecture,
    attempts,
    basket,
    examples,
    learning,
    parameters,
    predictions,
    refits,
    taking,
    trial_head,
)

TITLE = "Trial"
ICON = ":material/science:"
ORDER = 4
HIDDEN = True


@dataclass(frozen=True)
class Shown:
    """What the page is about.

    Args:
        search: its row.
        rows: the attempts in the tables at the trial, or at the one that this is a refit of.
        begun: the attempts that the search's folder knows of.
        scores: of the refit; empty for a trial.
    """

    named: Named
    search: dict[str, Any]
    rows: pl.DataFrame
    begun: list[dict[str, Any]]
    scores: pl.DataFrame

    @property
    def is_refit(self) -> bool:
        return self.named.refit is not None

    @property
    def trial(self) -> dict[str, Any] | None:
        """The last attempt at the trial; None where none has ended."""
        return self.rows.row(-1, named=True) if self.rows.height else None

    @property
    def has_ended(self) -> bool:
        states = [one["state"] for one in self.begun]
        return self.scores.height > 0 or (bool(self.rows.height) and not self.is_refit) or "failed" in states


def page() -> None:
    name = links.asked("id")
    shell.live(partial(_draw, name=name), partial(_may_change, name=name), key="live")


def _may_change(snapshot: Snapshot, name: str) -> bool:
    """Whether it has not ended yet, in a search that goes on."""
    shown = _shown(snapshot, name)
    return shown is not None and shown.search["state"] in words.ACTIVE and not shown.has_ended


def _shown(snapshot: Snapshot, name: str) -> Shown | None:
    one = named(name)
    search = None if one is None else search_queries.search(snapshot, one.search_id)
    if one is None or search is None:
        return None
    rows = queries.attempts(snapshot, one.search_id, one.trial)
    scores = refit_queries.refit(snapshot, one)
    return Shown(one, search, rows, queries.begun(snapshot, one), scores)


def _draw(snapshot: Snapshot, name: str) -> None:
    one, shown = named(name), _shown(snapshot, name)
    if one is None:
        _not_a_name(name)
    elif shown is None:
        shell.unknown("search", one.search_id, snapshot)
    elif not shown.begun and not shown.scores.height and (shown.is_refit or not shown.rows.height):
        kind = "refit" if shown.is_refit else "trial"
        shell.unknown(kind, name, snapshot)
        links.link(f"The search {one.search_id}", "search", icon=":material/query_stats:", id=one.search_id)
    else:
        _page(snapshot, shown)


def _not_a_name(name: str) -> None:
    st.warning("**This address names no trial**", icon=":material/search_off:")
    form = (
        "A trial is named SEARCH/NUMBER, such as houses-0a1b2c3d/17, and a refit of it houses-0a1b2c3d/17-0"
    )
    st.text(words.text(f"{form}; got {name!r}.", 800))
    links.link("The searches", "searches", icon=":material/manage_search:")


def _page(snapshot: Snapshot, shown: Shown) -> None:
    one = shown.named
    shell.heading(words.escape(one, 100), snapshot, "scores" if shown.is_refit else "trials")
    with st.container(horizontal=True):
        links.link(one.search_id, "search", icon=":material/query_stats:", id=one.search_id)
        if shown.is_refit and shown.rows.height:
            links.link(f"Trial {one.trial}", "trial", icon=ICON, id=str(one.of_trial))
        if shown.has_ended:
            basket.link(str(one))
    if shown.is_refit:
        trial_head.refit(one, shown.search, shown.begun, shown.scores)
    else:
        trial_head.trial(snapshot, shown.search, shown.begun, shown.trial)
    _tabs(snapshot, shown)
    trial = None if shown.is_refit else shown.trial
    there = (
        shown.scores.height > 0 if trial is None else bool(trial["bundle"]) and not trial["bundle_removed"]
    )
    taking.show(snapshot, one, trial, there)
    shell.same_data(snapshot.command("trials", one.search_id, "--json"))


def _tabs(snapshot: Snapshot, shown: Shown) -> None:
    """Each part is drawn, and asked for, only while its tab is open."""
    parts = _refit_parts(snapshot, shown) if shown.is_refit else _trial_parts(snapshot, shown)
    if not parts:
        return
    for tab, show in zip(st.tabs(list(parts), key="tab", bind="query-params"), parts.values(), strict=True):
        if tab.open:
            with tab:
                show()


def _trial_parts(snapshot: Snapshot, shown: Shown) -> Mapping[str, Callable[[], None]]:
    one, row = shown.named, shown.trial
    tries = partial(attempts.show, snapshot, one, shown.rows, shown.begun)
    if row is None:
        return {"Attempts": tries}
    primary = (row["metric"], row["goal"])
    return {
        "Curves": partial(learning.show, snapshot, one.search_id, one.trial, row["attempt"], *primary),
        "Parameters": partial(_parameters, snapshot, row),
        "Architecture": partial(architecture.show, snapshot, one),
        "Refits": partial(refits.show, snapshot, one, *primary),
        "Attempts": tries,
    }


def _refit_parts(snapshot: Snapshot, shown: Shown) -> Mapping[str, Callable[[], None]]:
    one = shown.named
    parts: dict[str, Callable[[], None]] = {}
    if shown.scores.height:
        parts["Predictions"] = partial(_predictions, snapshot, shown)
        parts["Examples"] = partial(_examples, snapshot, shown)
    if shown.trial is not None:
        parts["Parameters"] = partial(_parameters, snapshot, shown.trial)
    if shown.scores.height:
        parts["Architecture"] = partial(architecture.show, snapshot, one)
    return parts | {"Attempts": partial(attempts.show, snapshot, one, shown.rows.clear(), shown.begun)}


def _parameters(snapshot: Snapshot, row: dict[str, Any]) -> None:
    place, _ = queries.place(snapshot, row["search_id"], row["trial"])
    parameters.show(row, queries.best(snapshot, row["search_id"], row["trial"]), place == 1)


def _predictions(snapshot: Snapshot, shown: Shown) -> None:
    one, first = shown.named, shown.scores.row(0, named=True)
    target = queries.target(snapshot, one.search_id)
    predictions.show(snapshot, one.search_id, one.trial, first["seed"], shown.search["task"], target)


def _examples(snapshot: Snapshot, shown: Shown) -> None:
    one, seed = shown.named, shown.scores["seed"][0]
    there = prediction_queries.splits(snapshot, one.search_id, one.trial, seed)
    examples.show(snapshot, one, [name for name in ("test", "validation") if name in there] or ["test"])
