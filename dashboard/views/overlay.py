"""Curves and refits of several trials in one picture each, with one colour and dash a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from automl.wording import number
from dashboard import shell, words
from dashboard.charts import overlay as charts
from dashboard.queries import comparison as queries
from dashboard.queries import refits as refit_queries
from dashboard.queries.comparison import Column
from dashboard.queries.differences import parameters
from dashboard.queries.learning import TRAIN_LOSS
from dashboard.snapshot import Snapshot

SPREAD = {
    "trial": st.column_config.TextColumn("Configuration", pinned=True),
    "mean": st.column_config.NumberColumn("Mean", format="%.5g"),
    "deviation": st.column_config.NumberColumn("Standard deviation", format="%.3g"),
    "n": st.column_config.NumberColumn("n", width="small"),
    "least": st.column_config.NumberColumn("Least", format="%.5g"),
    "greatest": st.column_config.NumberColumn("Greatest", format="%.5g"),
}


def curves(snapshot: Snapshot, columns: Sequence[Column], heads: Mapping[str, str]) -> None:
    """The validation curves, a chart for each data and metric, and the training losses.

    Args:
        heads: what to write for each trial of the page, by its name; colours go by their order.
    """
    st.subheader("Learning curves", anchor=False)
    names = list(heads)
    drawn_key = charts.key(names, list(heads.values()))
    shell.picture(drawn_key, "Which colour and dash each trial has.", "key")
    trials = [column for column in columns if column.named.refit is None]
    drawn = False
    for place, (block, group) in enumerate(queries.blocks(trials)):
        metric, arrow = block[2], words.arrow(group[0].trial["goal"])
        where = group[0].search["dataset"]
        left, right = st.columns(2)
        with left:
            about = f"{metric} {arrow} on validation rows of {where}"
            drawn |= _curves(snapshot, group, names, metric, f"{metric} {arrow}", about, f"curves-{place}")
        with right:
            about = f"Training loss on {where}"
            drawn |= _curves(snapshot, group, names, TRAIN_LOSS, "training loss ↓", about, f"losses-{place}")
            losses = {parameters(column.trial["parameters"]).get("loss") for column in group}
            if len(losses) > 1:
                st.caption("They were trained with different losses, whose values are not on one scale.")
    if not drawn:
        st.caption("None of them has a curve: curves are kept of trials, and not of refits.")
    elif len(trials) < len(columns):
        st.caption("Refits have no curve: the tables keep those of trials only.")


def _curves(
    snapshot: Snapshot,
    group: Sequence[Column],
    names: Sequence[str],
    metric: str,
    title: str,
    about: str,
    key: str,
) -> bool:
    values = queries.curves(snapshot, group, metric)
    if not values.height:
        return False
    st.markdown(f"**{words.escape(about, 200)}**")
    there = values["trial"].n_unique()
    described = f"{about}: {words.plural(there, 'curve')}, one a trial."
    between = queries.without_outliers(values["value"])
    shell.chart(charts.curves(values, names, title, between), described, values, key)
    if between is not None:
        n_out = values.filter(~pl.col("value").is_between(*between)).height
        ends = f"{number(between[0])} to {number(between[1])}"
        st.caption(
            words.escape(f"Drawn from {ends}: {words.plural(n_out, 'value lies', 'values lie')} far out.")
        )
    missing = len(group) - there
    if missing:
        st.caption(f"{words.plural(missing, 'trial has', 'trials have')} no such curve.")
    return True


def refits(snapshot: Snapshot, columns: Sequence[Column], heads: Mapping[str, str]) -> None:
    """The refits of each configuration by their mean and spread, a chart for each data, metric and split."""
    st.subheader("Refits over seeds", anchor=False)
    shown = False
    for place, (block, group) in enumerate(queries.blocks(columns)):
        metric, goal = block[2], group[0].trial["goal"]
        by_trial = {str(column.named.of_trial): column for column in group}
        found = {name: _spreads(snapshot, column, metric) for name, column in by_trial.items()}
        for split in ("test", "validation"):
            lines = [{"trial": name, **one[split]} for name, one in found.items() if split in one]
            if lines:
                title = f"{metric} {words.arrow(goal)} on {split} rows of {group[0].search['dataset']}"
                _spread(lines, _colours(list(heads), lines), title, f"refits-{place}-{split}")
                shown = True
    if not shown:
        st.caption("None of these configurations was trained again: only the finalists of a search are.")


def _spreads(snapshot: Snapshot, column: Column, metric: str) -> dict[str, dict[str, Any]]:
    """Of each split the spread over the refits of a configuration."""
    found = refit_queries.spread(snapshot, column.named.search_id, column.named.trial)
    return {one["split"]: one for one in found if one["metric"] == metric}


def _colours(names: Sequence[str], lines: Sequence[dict[str, Any]]) -> list[str]:
    """The names by whose places colours go; configurations of which only refits are compared stand behind them."""
    return [*names, *(line["trial"] for line in lines if line["trial"] not in names)]


def _spread(lines: list[dict[str, Any]], names: Sequence[str], title: str, key: str) -> None:
    bands = pl.DataFrame(
        {
            "trial": [line["trial"] for line in lines],
            "mean": [line["mean"] for line in lines],
            "low": [line["mean"] - (line["deviation"] or 0.0) for line in lines],
            "high": [line["mean"] + (line["deviation"] or 0.0) for line in lines],
        }
    )
    seeds = pl.DataFrame(
        [{"trial": line["trial"], "score": score} for line in lines for score in line["scores"]]
    )
    kept = ("trial", "mean", "deviation", "n", "least", "greatest")
    table = pl.DataFrame([{name: line[name] for name in kept} for line in lines], infer_schema_length=None)
    st.markdown(f"**{words.escape(title, 200)}**")
    best = ", ".join(f"{line['trial']} {number(line['mean'])}" for line in lines[:5])
    shell.chart(charts.spread(seeds, bands, names, title), f"Mean of refits: {best}.", seeds, key)
    st.dataframe(table, hide_index=True, column_config=SPREAD, key=f"{key}-table", placeholder="–", alt=title)
    alone = [line for line in lines if line["n"] == 1]
    about = "The bar is the mean, the band one standard deviation to each side, each mark one seed."
    if alone:
        about += (
            f" {words.plural(len(alone), 'configuration has', 'configurations have')} one seed, so no band."
        )
    st.caption(about)
