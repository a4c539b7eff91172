"""The leaderboard as the page shows it; what it holds is computed by `automl.ranking`."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from automl import catalog
from automl.ranking import BLOCK, above, leaderboard
from automl.store.reading import latest_attempts
from automl.wording import number
from dashboard import words
from dashboard.snapshot import Snapshot

MAX_MARKS = 60
MAX_EXPORT_BYTES = 1 << 20  # of larger ones Streamlit tells two apart by samples of their bytes alone


def choices(snapshot: Snapshot) -> pl.DataFrame:
    """Which boards there are: data set, fingerprint, split_id, metric; what searches improve comes first.

    Only entries with one fingerprint and one split are compared, so a data set that has changed, or
    was split in another way, has several boards.
    """
    scores = snapshot.scan("scores").filter(
        pl.col("split") == "test", pl.col("metric").is_in(catalog.names("metric"))
    )
    found = scores.group_by("dataset", *BLOCK, "metric").agg(pl.col("ended_at").max())
    primary = snapshot.scan("searches").select("dataset", "metric", primary=True).unique()
    joined = found.join(primary, on=["dataset", "metric"], how="left")
    order = [
        pl.col("dataset"),
        pl.col("primary").is_null(),
        pl.col("metric"),
        -pl.col("ended_at").to_physical(),
    ]
    return joined.sort(*order).drop("primary").collect()


def load(snapshot: Snapshot, choice: dict[str, Any]) -> pl.DataFrame:
    """One board, the best first; kept as long as the tables that it is made of stay as they are."""
    versions = (snapshot.version("scores"), snapshot.version("predictions"))
    key = (str(snapshot.store), *versions, *(choice[name] for name in (*BLOCK, "metric")))
    return _load(key, snapshot, choice)


@st.cache_data(max_entries=64, show_spinner="Ranking …")
def _load(key: tuple[object, ...], _snapshot: Snapshot, _choice: dict[str, Any]) -> pl.DataFrame:
    del key
    block = {name: _choice[name] for name in BLOCK}
    scores, predictions = (
        latest_attempts(_snapshot.scan(table).filter(**block), ("search_id", "entry", "seed"))
        for table in ("scores", "predictions")
    )
    return leaderboard(scores, predictions, catalog.metric(_choice["metric"]))


def verdict(board: pl.DataFrame) -> tuple[str, bool]:
    """What the board says, and whether that is a warning."""
    networks = board.filter(pl.col("kind") == "refit")
    if not networks.height:
        return "There are only baselines here: no network has been scored on these test rows yet.", True
    sentence = above(board)
    if sentence is not None:
        return sentence, True
    first = networks.row(0, named=True)
    best = f"{first['entry']} ({first['family']}): {first['metric']} {number(first['score'])}"
    tied = board.filter(pl.col("rank") == first["rank"]).height - 1
    ties = f", and shares its rank with {words.plural(tied, 'other', 'others')}" if tied > 0 else ""
    return f"The best network is {best}{ties}.", False


def labelled(board: pl.DataFrame) -> pl.DataFrame:
    """What the interval chart draws: label, what, rank, score, low, high of the best `MAX_MARKS`."""
    return board.head(MAX_MARKS).select(
        pl.format(
            "{}. {}",
            pl.col("rank").cast(pl.String).fill_null("–"),
            pl.col("entry").map_elements(words.text, pl.String),
        ).alias("label"),
        _what().alias("what"),
        *("rank", "score", "low", "high"),
    )


def table(snapshot: Snapshot, board: pl.DataFrame) -> pl.DataFrame:
    """One line an entry, for people."""
    commands = [pull(snapshot, row) if row["kind"] != "baseline" else "–" for row in board.to_dicts()]
    return board.select(
        "rank",
        pl.col("entry").map_elements(words.text, pl.String),
        _what().alias("what"),
        pl.col("family").map_elements(words.text, pl.String),
        "score",
        pl.struct("low", "high", "n_seeds").map_elements(_interval, pl.String).alias("interval"),
        pl.col("n_seeds").alias("seeds"),
        pl.col("n_rows").alias("rows"),
        pl.col("n_parameters").alias("weights"),
        pl.col("train_seconds").alias("seconds"),
        pl.col("latency_ms").alias("latency"),
        pl.Series("pull", commands, pl.String),
    )


def _what() -> pl.Expr:
    return pl.when(pl.col("kind") == "baseline").then(pl.lit("baseline")).otherwise(pl.lit("network"))


def _interval(row: dict[str, Any]) -> str:
    if row["low"] is None or row["high"] is None:
        return f"none (n={row['n_seeds']})"
    return f"{number(row['low'])} … {number(row['high'])}"


def pull(snapshot: Snapshot, row: dict[str, Any]) -> str:
    """The command that gets the model of an entry."""
    return snapshot.command("pull", row["entry"], f"./{row['entry'].replace('/', '-')}")


def _parquet(board: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    board.write_parquet(buffer)
    return buffer.getvalue()


EXPORTS: tuple[tuple[str, str, Callable[[pl.DataFrame], bytes]], ...] = (  # name, media type, writer
    ("CSV", "text/csv", lambda board: board.write_csv().encode()),
    ("Parquet", "application/vnd.apache.parquet", _parquet),
    ("JSON", "application/json", lambda board: board.write_json().encode()),
)
