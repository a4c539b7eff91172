"""Trials of a search, each by its last attempt: how they ended, and how they are written."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from automl.store.reading import latest_attempts
from automl.wording import number
from dashboard import words
from dashboard.kept import query
from dashboard.snapshot import Snapshot

_OPTIONAL = ("reason", "message")  # columns of the table


def trials(snapshot: Snapshot, search_id: str) -> pl.LazyFrame:
    """The last attempt at each trial of a search."""
    return latest_attempts(snapshot.scan("trials").filter(search_id=search_id), ("search_id", "trial"))


@query("trials")
def states(snapshot: Snapshot, search_id: str) -> pl.DataFrame:
    """How many trials ended in each state and for which reason."""
    ended = trials(snapshot, search_id).group_by("state", "reason").len("n")
    return ended.sort("state", "n", "reason", descending=[False, True, False]).collect()


@query("trials")
def families(snapshot: Snapshot, search_id: str) -> list[str]:
    """The families of the trials of a search, sorted."""
    return trials(snapshot, search_id).select(pl.col("family").unique().sort()).collect()["family"].to_list()


@query("trials")
def failures(snapshot: Snapshot, search_id: str) -> pl.DataFrame:
    """Why trials failed, the commonest reason first: reason, n, trial and message of the first such trial."""
    failed = trials(snapshot, search_id).filter(state="failed").sort("trial")
    first = (pl.col("trial").first(), pl.col("message").drop_nulls().first())
    grouped = failed.group_by("reason").agg(pl.len().alias("n"), *first)
    return grouped.sort("n", "reason", descending=[True, False]).collect()


def trials_table(found: pl.DataFrame) -> pl.DataFrame:
    """One line a trial, for people; reasons and messages only where there are any."""
    table = found.select(
        "trial",
        pl.col("state").map_elements(words.state, pl.String),
        pl.col("reason").map_elements(words.text, pl.String),
        pl.col("family").map_elements(words.text, pl.String),
        "score",
        pl.col("n_epochs").alias("epochs"),
        pl.col("train_seconds").alias("seconds"),
        pl.col("n_parameters").alias("weights"),
        pl.col("message").map_elements(words.text, pl.String),
        pl.col("parameters").map_elements(short_parameters, pl.String),
        pl.col("ended_at").alias("ended"),
    )
    return table.select(name for name in table.columns if name not in _OPTIONAL or table[name].count())


def failures_table(found: pl.DataFrame) -> pl.DataFrame:
    """One line a reason, for people."""
    shown = (pl.col(name).map_elements(words.text, pl.String) for name in ("reason", "message"))
    return found.with_columns(shown).select("reason", "n", "trial", "message")


def short_parameters(value: str) -> str:
    """Parameters on one line, the branches that they belong to left out.

    >>> short_parameters('{"learning_rate": 0.00131234567, "optimizer": "adamw", "optimizer.adamw.beta1": 0.9}')
    'learning_rate=0.0013123 optimizer=adamw beta1=0.9'
    """
    try:
        named: dict[str, Any] = dict(json.loads(value))
    except (ValueError, TypeError):
        return words.text(value, 400)
    parts = (
        f"{name.rpartition('.')[2]}={number(one) if isinstance(one, float) else one}"
        for name, one in named.items()
    )
    return words.text(" ".join(parts), 400)
