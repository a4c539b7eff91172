"""The best checkpoint of each data set and task, a card each."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

import polars as pl
import streamlit as st

from automl.errors import AutoMLError
from automl.wording import number
from dashboard import links, shell, words
from dashboard.queries import bundles, checking, models
from dashboard.snapshot import Snapshot
from dashboard.views import model
from dashboard.web import downloads

CARDS = 8  # a page
MAX_LACKING = 200
LACKING = {
    "dataset": st.column_config.TextColumn("Data set", pinned=True),
    "task": st.column_config.TextColumn("Task", width="small"),
    "missing": st.column_config.TextColumn("What is missing", width="large"),
}


def show(snapshot: Snapshot) -> None:
    """The cards, and below them the data sets that have none yet."""
    found, lacking = models.checkpoints(snapshot), models.lacking(snapshot)
    if found.height + lacking.height == 0:
        _empty(snapshot)
        return
    dataset, contains = _filters(sorted({*found["dataset"], *lacking["dataset"]}))
    found, lacking = (models.fitting(frame, dataset, contains) for frame in (found, lacking))
    if found.height + lacking.height == 0:
        st.info("No model fits this filter.", icon=":material/filter_alt:")
    _cards(snapshot, found)
    _lacking(lacking)
    shell.same_data(snapshot.command("leaderboard", "--json"))


def _empty(snapshot: Snapshot) -> None:
    st.info(
        "No verified checkpoint yet: there is no search in this store. `automl demo` makes one in about a minute.",
        icon=":material/deployed_code:",
    )
    st.code(snapshot.command("demo"), language=None)


def _filters(names: list[str]) -> tuple[str | None, str]:
    asked = links.asked("dataset")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = st.selectbox(
            "Data set",
            names,
            index=None,
            format_func=words.text,
            key="dataset",
            bind="query-params",
            placeholder="all",
            width=300,
        )
        contains = st.text_input(
            "Find",
            key="q",
            bind="query-params",
            placeholder="part of a data set, task, family or search",
            icon=":material/search:",
            max_chars=100,
            width=340,
        )
    if asked and asked not in map(words.text, names):
        st.warning(
            f"There is no search on a data set {words.escape(asked, 120)} in this store; all are shown.",
            icon=":material/search_off:",
        )
    return dataset, (contains or "").strip()


def _cards(snapshot: Snapshot, found: pl.DataFrame) -> None:
    if not found.height:
        return
    n_pages = ceil(found.height / CARDS)
    page = 1
    if n_pages > 1:
        page = min(st.pagination(n_pages, key="part", bind="query-params"), n_pages)
    listed = found.slice((page - 1) * CARDS, CARDS)
    chosen = models.chosen(snapshot, tuple(listed.select("search_id", "metric").rows()))
    shown = [row | own for row, own in zip(listed.to_dicts(), chosen, strict=True)]
    for left, right in zip(shown[::2], [*shown[1::2], None], strict=False):
        for column, row in zip(st.columns(2, gap="medium"), (left, right), strict=True):
            if row is not None:
                with column, st.container(border=True, height="stretch"):
                    _card(snapshot, row)
    first = (page - 1) * CARDS + 1
    st.caption(
        f"{first:,} to {first + len(shown) - 1:,} shown of {words.plural(found.height, 'model')}, by data set. Each is "
        "what `automl pull` gives: the network with the best mean validation score over its refits, and of these "
        "the seed with the median one. The test score never chooses."
    )


def _card(snapshot: Snapshot, row: Mapping[str, Any]) -> None:
    which = f"{row['search_id']}/{row['trial']}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(words.escape(row["dataset"], 60), anchor=False, width="content")
        st.badge(words.escape(row["task"], 40), icon=":material/category:", color="gray")
    try:
        found = bundles.shown(snapshot, models.which(row))
        which = found.which
        problem = checking.problem(found)
    except AutoMLError as error:
        found, problem = None, str(error)
    model.badge(problem)
    if problem:
        st.text(words.text(f"No verified checkpoint yet: {problem}", 600))
    _facts(snapshot, row, found)
    with st.container(horizontal=True, vertical_alignment="center"):
        if found is not None:
            links.link("Card, files, try it", "models", ":material/deployed_code:", id=which)
            if not problem:
                st.link_button("Download", downloads.address(which), icon=":material/download:")
        links.link("Leaderboard", "leaderboard", ":material/leaderboard:", dataset=row["dataset"])
    if found is not None and not problem:
        st.code(model.pull(snapshot, which), language=None, wrap_lines=True)


def _facts(snapshot: Snapshot, row: Mapping[str, Any], found: bundles.Bundle | None) -> None:
    metric = f"{row['metric']} {words.arrow(row['goal'])}"
    low, high = (None, None) if found is None else model.interval(found, row["metric"])
    surely = "" if low is None else f", 95 % interval {number(low)} … {number(high)}"
    scored = (
        "not scored on test rows" if row["score"] is None else f"{number(row['score'])} on test rows{surely}"
    )
    n_bytes = found.n_bytes if found is not None else row["bundle_bytes"]
    licence = models.licence(snapshot, row["search_id"])
    seeds = "n = 1 seed" if row["n_seeds"] == 1 else f"the mean of {row['n_seeds']} seeds"
    lines = [
        f"{metric}: {scored}",
        f"validation {number(row['validation'])}, {seeds}",
        f"{row['family']} · {_count(row['n_parameters'])} weights · {model.megabytes(n_bytes)}"
        f"{' · ONNX' if found is not None and found.has_onnx else ''} · PyTorch, safetensors",
        f"data: {licence or 'licence not recorded'}",
    ]
    st.text("\n".join(map(words.text, lines)))
    if models.above(row):
        st.warning(
            f"The baseline {words.escape(row['baseline'], 60)} scores better on the same test rows: "
            f"{words.escape(number(row['baseline_score']))}.",
            icon=":material/priority_high:",
        )
    if row["n_versions"] > 1:
        others = words.plural(row["n_versions"] - 1, "other version", "other versions")
        st.caption(f"There are {others} of the data, its split or the metric; this is the one scored last.")


def _count(n: int | None) -> str:
    return "unknown number of" if n is None else f"{n:,}"


def _lacking(lacking: pl.DataFrame) -> None:
    if not lacking.height:
        return
    st.subheader("No verified checkpoint yet", anchor=False)
    shown = lacking.head(MAX_LACKING)
    st.dataframe(
        shown.with_columns(pl.all().map_elements(lambda value: words.text(value, 300), pl.String)),
        hide_index=True,
        column_config=LACKING,
        key="lacking",
        alt="One row a data set without a checkpoint, and what is missing.",
    )
    if shown.height < lacking.height:
        st.caption(f"{shown.height:,} shown of {lacking.height:,}, by name.")
