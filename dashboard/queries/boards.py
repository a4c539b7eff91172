"""Leaderboards as the page shows them; what one holds is computed by `automl.ranking`."""

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
from dashboard.kept import query
from dashboard.snapshot import Snapshot

MAX_EXPORT_BYTES = 1 << 20  # of larger ones Streamlit tells two apart by samples of their bytes alone
_ENTRY = ("search_id", "entry", "seed")


@query("scores", "searches")
def choices(snapshot: Snapshot) -> pl.DataFrame:
    """Which boards there are: dataset, task, fingerprint, split_id, metric, primary, ended_at.

    Those of a data set stand together, first those of the metrics that searches improve, the latest scores first.
    Only entries with one fingerprint and one split are compared, so a data set that has changed, or was split in
    another way, has several boards.
    """
    scores = snapshot.scan("scores").filter(
        pl.col("split") == "test", pl.col("metric").is_in(catalog.names("metric"))
    )
    found = scores.group_by("dataset", *BLOCK, "metric").agg(pl.col("task").first(), pl.col("ended_at").max())
    primary = snapshot.scan("searches").select("dataset", "metric", primary=True).unique()
    joined = found.join(primary, on=["dataset", "metric"], how="left")
    joined = joined.with_columns(pl.col("primary").fill_null(value=False))
    order = ["dataset", ~pl.col("primary"), "metric", -pl.col("ended_at").to_physical(), *BLOCK]
    return joined.sort(order).collect()


def load(snapshot: Snapshot, choice: dict[str, Any]) -> pl.DataFrame:
    """One board, the best first, with what `automl.ranking.COLUMNS` names, and `_more`.

    It is kept as long as its own rows stay as they are, whatever is added to the tables for others.
    """
    block = tuple(choice[name] for name in BLOCK)
    own = (_stamp(snapshot, "scores", *block), _stamp(snapshot, "predictions", *block))
    board = _load((str(snapshot.store), *own, *block, choice["metric"]), snapshot, choice)
    return _with_failures(snapshot, board)


@query("scores", "predictions")
def _stamp(snapshot: Snapshot, table: str, fingerprint: str, split_id: str) -> tuple[int, int]:
    """What changes with the rows of a block."""
    rows = snapshot.scan(table).filter(fingerprint=fingerprint, split_id=split_id)
    rows = rows.select(pl.struct(*_ENTRY, "attempt", "split").hash().alias("hash"))
    return rows.select(n=pl.len(), all=pl.col("hash").sum()).collect().row(0)


@st.cache_data(max_entries=64, show_spinner="Ranking …")
def _load(key: tuple[object, ...], _snapshot: Snapshot, _choice: dict[str, Any]) -> pl.DataFrame:
    del key
    scores, predictions = (_block(_snapshot, table, _choice) for table in ("scores", "predictions"))
    board = leaderboard(scores, predictions, catalog.metric(_choice["metric"]))
    sizes = scores.filter(metric=_choice["metric"], split="test").group_by("entry")
    return board.join(sizes.agg(pl.col("bundle_bytes").max()).collect(), on="entry", how="left")


def _block(snapshot: Snapshot, table: str, choice: dict[str, Any]) -> pl.LazyFrame:
    rows = snapshot.scan(table).filter(**{name: choice[name] for name in BLOCK})
    return latest_attempts(rows, _ENTRY)


def _with_failures(snapshot: Snapshot, board: pl.DataFrame) -> pl.DataFrame:
    """With the trials of the search behind each network, and how many of them failed."""
    counts = _counts(snapshot).select("search_id", "n_trials", "n_failed")
    joined = board.join(counts, on="search_id", how="left")
    of_network = pl.col("kind") == "refit"
    return joined.with_columns(pl.when(of_network).then(pl.col(name)) for name in ("n_trials", "n_failed"))


@query("searches")
def _counts(snapshot: Snapshot) -> pl.DataFrame:
    return snapshot.scan("searches").select("search_id", "n_trials", "n_failed").collect()


@query("scores")
def other_metrics(snapshot: Snapshot, fingerprint: str, split_id: str, metric: str) -> pl.DataFrame:
    """What else the test rows say of the entries of a board: metric, goal, entry, score (the mean over seeds).

    Whatever the table of scores holds is here, whether it is of the catalogue or not.
    """
    choice = {"fingerprint": fingerprint, "split_id": split_id}
    rows = _block(snapshot, "scores", choice).filter(pl.col("split") == "test", pl.col("metric") != metric)
    rows = rows.unique(["entry", "seed", "metric"], keep="first", maintain_order=True)
    return (
        rows.group_by("metric", "goal", "entry").agg(pl.col("score").mean()).sort("metric", "entry").collect()
    )


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
    tied = 0 if first["rank"] is None else board.filter(pl.col("rank") == first["rank"]).height - 1
    ties = f", and shares its rank with {words.plural(tied, 'other', 'others')}" if tied > 0 else ""
    lone = " There is no baseline to compare it with." if networks.height == board.height else ""
    return f"The best network is {best}{ties}.{lone}", False


def one_seed(board: pl.DataFrame) -> str | None:
    """Which networks were trained with one seed only, and what that means for their intervals."""
    alone = board.filter(pl.col("kind") == "refit", pl.col("n_seeds") == 1)
    if not alone.height:
        return None
    named = ", ".join(alone["entry"].head(3)) + (" and others" if alone.height > 3 else "")
    return (
        f"n = 1 seed: {named}. What another seed would give is not known of {'them' if alone.height > 1 else 'it'}, "
        "so that the interval is that of the test rows alone."
    )


def fitting(board: pl.DataFrame, families: list[str], only_networks: bool) -> pl.DataFrame:
    """The entries that a filter leaves; their ranks stay those of the whole board."""
    kept = board.filter(pl.col("kind") == "refit") if only_networks else board
    return kept.filter(pl.col("family").is_in(families)) if families else kept


def _parquet(board: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    board.write_parquet(buffer)
    return buffer.getvalue()


EXPORTS: tuple[tuple[str, str, Callable[[pl.DataFrame], bytes]], ...] = (  # name, media type, writer
    ("CSV", "text/csv", lambda board: board.write_csv().encode()),
    ("Parquet", "application/vnd.apache.parquet", _parquet),
    ("JSON", "application/json", lambda board: board.write_json().encode()),
)
