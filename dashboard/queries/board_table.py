"""A leaderboard as people read it: a line an entry, and the commands that get and repeat one."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from automl import commands
from automl.wording import number
from dashboard import words
from dashboard.snapshot import Snapshot

MAX_MARKS = 40
_REFIT = re.compile(r"refits/([0-9]+-[0-9]+)/")


def labelled(board: pl.DataFrame) -> pl.DataFrame:
    """What the interval chart draws: label, what, rank, score, low, high, seeds.

    Of a large board these are the best entries, and every baseline beside them, `MAX_MARKS` in all.
    """
    baselines = board.filter(pl.col("kind") == "baseline").head(MAX_MARKS // 2)
    networks = board.filter(pl.col("kind") != "baseline").head(MAX_MARKS - baselines.height)
    kept = board.filter(pl.col("entry").is_in([*networks["entry"], *baselines["entry"]]))
    return kept.select(
        pl.format("{}. {}", _rank(), _short("entry")).alias("label"),
        what().alias("what"),
        *("rank", "score", "low", "high"),
        pl.col("n_seeds").alias("seeds"),
    )


def table(board: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """One line an entry, for people.

    Args:
        others: further metrics that were picked, each a column of its own: metric, entry, score.
    """
    lines = board.select(
        "rank",
        _short("entry"),
        what().alias("what"),
        pl.when(pl.col("kind") != "baseline").then(_short("family")).alias("family"),
        "score",
        pl.struct("low", "high").map_elements(_interval, pl.String).alias("interval"),
        pl.col("n_seeds").alias("seeds"),
        pl.col("n_rows").alias("rows"),
        pl.col("n_parameters").alias("weights"),
        (pl.col("bundle_bytes") / 1e6).alias("megabytes"),
        pl.col("train_seconds").alias("seconds"),
        pl.col("latency_ms").alias("latency"),
        pl.struct("n_failed", "n_trials").map_elements(_failed, pl.String).alias("failed"),
    )
    for place, name in enumerate(others["metric"].unique(maintain_order=True)):
        scores: Mapping[str, float] = dict(others.filter(metric=name).select("entry", "score").iter_rows())
        values = [scores.get(entry) for entry in board["entry"]]
        lines = lines.with_columns(pl.Series(f"more{place}", values, pl.Float64))
    return lines


def what() -> pl.Expr:
    """Whether an entry is a network or a baseline."""
    return pl.when(pl.col("kind") == "baseline").then(pl.lit("baseline")).otherwise(pl.lit("network"))


def _rank() -> pl.Expr:
    return pl.col("rank").cast(pl.String).fill_null("–")


def _short(name: str) -> pl.Expr:
    return pl.col(name).map_elements(lambda value: words.text(value, 120), pl.String)


def _interval(row: Mapping[str, Any]) -> str:
    if row["low"] is None or row["high"] is None:
        return "none"
    return f"{number(row['low'])} … {number(row['high'])}"


def _failed(row: Mapping[str, Any]) -> str | None:
    return None if row["n_trials"] is None else f"{row['n_failed']:,} of {row['n_trials']:,}"


def model_of(row: Mapping[str, Any]) -> str:
    """The refit that stands for an entry, as commands name it: the one with the median validation score.

    >>> model_of({"entry": "s/17", "search_id": "s", "bundle": "refits/17-1/1-ab12cd34/bundle"})
    's/17-1'
    """
    refit = _REFIT.match(row["bundle"] or "")
    return f"{row['search_id']}/{refit[1]}" if refit else str(row["entry"])


def pull(snapshot: Snapshot, model: str) -> str:
    """The command that gets a model."""
    return snapshot.command("pull", model, f"./{model.replace('/', '-')}")


def reproduce(snapshot: Snapshot, entry: str) -> str | None:
    """The command that trains an entry again; None where the command line has none."""
    return snapshot.command("reproduce", entry) if has_command("reproduce") else None


@cache
def has_command(name: str) -> bool:
    """Whether the command line has such a command; what is heavy is imported inside the commands alone."""
    files = pkgutil.iter_modules(commands.__path__, f"{commands.__name__}.")
    return any(hasattr(importlib.import_module(file.name), name) for file in files)
