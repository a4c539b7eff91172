"""Searches: which there are, how far each is, and what needs somebody."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from automl.errors import AutoMLError
from automl.results import Allowance, allowance
from automl.results import worker_seconds as worker_seconds_of
from automl.store import signs
from automl.wording import number
from dashboard import words
from dashboard.kept import query
from dashboard.snapshot import Snapshot

MAX_SEARCHES = 1000
MAX_FAILED = 3  # that are named above the list
MAX_LOOKED_AFTER = 20  # running searches whose last sign of life is looked for
QUIET_SECONDS = 180.0  # without a sign of life; its driver gives one every few seconds

_OPTIONAL = ("reason", "gpu_hours", "cpu_hours", "left", "owner")  # columns of the list
_OF_LEFT = ("state", "train_seconds", "n_planned", "n_trials", "n_refits", "updated_at")


@query("searches", "trials", "scores")
def searches(
    snapshot: Snapshot, states: tuple[str, ...] = (), contains: str = "", dataset: str = ""
) -> tuple[pl.DataFrame, int]:
    """The searches in these states whose id or data set contains a text: active ones first, then the last updated.

    Args:
        states: none means all.
        dataset: empty means all.

    Returns:
        At most `MAX_SEARCHES`, with `share` (done, from 0 to 1), `hours`, `hours_of`; and how many there are.
    """
    rows = snapshot.scan("searches")
    if states:
        rows = rows.filter(pl.col("state").is_in(states))
    if dataset:
        rows = rows.filter(dataset=dataset)
    if contains:
        places = (pl.col(name).str.to_lowercase() for name in ("search_id", "dataset"))
        rows = rows.filter(
            pl.any_horizontal(place.str.contains(contains.lower(), literal=True) for place in places)
        )
    rests = ~pl.col("state").is_in(words.ACTIVE)
    found = rows.sort(rests, "updated_at", "search_id", descending=[False, True, False]).collect()
    return _with_spending(snapshot, found.head(MAX_SEARCHES)), found.height


@query("searches")
def overview(snapshot: Snapshot) -> pl.DataFrame:
    """How many searches there are by state and reason."""
    return snapshot.scan("searches").group_by("state", "reason").len("n").sort("state", "reason").collect()


@query("searches")
def datasets(snapshot: Snapshot) -> list[str]:
    """The names of the data sets that there are searches on, sorted."""
    names = snapshot.scan("searches").select(pl.col("dataset").drop_nulls().unique().sort()).collect()
    return names["dataset"].to_list()


@query("searches")
def search(snapshot: Snapshot, search_id: str) -> dict[str, Any] | None:
    found = snapshot.scan("searches").filter(search_id=search_id).collect()
    return found.row(0, named=True) if found.height else None


@query("searches")
def last_failed(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The searches that failed last, at most `MAX_FAILED`: search_id, reason, message."""
    failed = snapshot.scan("searches").filter(state="failed").sort("updated_at", descending=True)
    return failed.select("search_id", "reason", "message").head(MAX_FAILED).collect().to_dicts()


@query("searches")
def running(snapshot: Snapshot) -> list[str]:
    """The searches that say they run, those without an update for longest first."""
    rows = snapshot.scan("searches").filter(state="running").sort("updated_at", "search_id")
    return rows.select("search_id").collect()["search_id"].to_list()


@query("trials", "scores")
def worker_seconds(snapshot: Snapshot, search_id: str | None = None) -> dict[str, float]:
    """What each search, or one, has taken of workers, in seconds."""
    trials, scores = snapshot.scan("trials"), snapshot.scan("scores")
    if search_id is not None:
        trials, scores = trials.filter(search_id=search_id), scores.filter(search_id=search_id)
    return dict(worker_seconds_of(trials, scores).collect().iter_rows())


@query("searches")
def owner(snapshot: Snapshot, search_id: str) -> str | None:
    """Who submitted a search; None where that is not known."""
    return _owner(snapshot, search_id)


@query("searches")
def owners(snapshot: Snapshot, search_ids: tuple[str, ...]) -> dict[str, str]:
    """Who submitted which of these, as far as known; nothing of a bucket, which would be asked for each."""
    if snapshot.store.place.on_disk() is None:
        return {}
    known = {search_id: _owner(snapshot, search_id) for search_id in search_ids}
    return {search_id: name for search_id, name in known.items() if name is not None}


def _owner(snapshot: Snapshot, search_id: str) -> str | None:
    try:
        return signs.owner(snapshot.store, search_id)
    except (AutoMLError, ValueError, KeyError, TypeError):
        return None


def quiet(snapshot: Snapshot, search_ids: Sequence[str]) -> list[tuple[str, float]]:
    """Those of these running searches that gave no sign of life for long, and for how many seconds."""
    found = []
    for search_id in search_ids[:MAX_LOOKED_AFTER]:
        try:
            last = signs.last_sign(snapshot.store, search_id)
        except AutoMLError:  # no id that a folder can have
            continue
        if last is not None and (seconds := (snapshot.moment - last).total_seconds()) > QUIET_SECONDS:
            found.append((search_id, seconds))
    return found


def allowed(row: Mapping[str, Any]) -> Allowance | None:
    """What a search may use; None where its spec is one that this version does not know."""
    try:
        return allowance(json.loads(row["spec"]))
    except (ValueError, KeyError, TypeError):
        return None


def budget(row: Mapping[str, Any]) -> dict[str, Any]:
    """The bounds of a search, such as ``trials`` and ``time``; none where its spec cannot be read."""
    try:
        return dict(json.loads(row["spec"])["budget"])
    except (ValueError, KeyError, TypeError):
        return {}


def _with_spending(snapshot: Snapshot, rows: pl.DataFrame) -> pl.DataFrame:
    """With `share`, `hours` and `hours_of` of each; the spec stays where the search runs, to say what is left."""
    seconds, spent = worker_seconds(snapshot), []
    for row in rows.iter_rows(named=True):
        may = allowed(row)
        share = None if may is None else may.share(row)
        hours = None if may is None else may.hours(seconds.get(row["search_id"], 0.0))
        done = 1.0 if row["state"] == "complete" else share
        spent.append((done, hours, None if may is None else may.hours_of))
    schema = {"share": pl.Float64, "hours": pl.Float64, "hours_of": pl.String}
    kept = rows.with_columns(pl.when(pl.col("state") == "running").then(pl.col("spec")).alias("spec"))
    return kept.hstack(pl.DataFrame(spent, schema=schema, orient="row"))


def searches_table(found: pl.DataFrame, owners: Mapping[str, str], now: datetime) -> pl.DataFrame:
    """One line a search, for people; columns in which no search has anything are left out."""
    n_done = pl.sum_horizontal("n_complete", "n_stopped", "n_failed")
    left = [_left(row, now) for row in found.select(*_OF_LEFT, "spec").iter_rows(named=True)]
    whose = [words.text(owners[one], 60) if one in owners else None for one in found["search_id"]]
    hours = [
        pl.when(hours_of=unit).then(pl.col("hours")).alias(f"{unit.lower()}_hours") for unit in ("GPU", "CPU")
    ]
    table = found.select(
        pl.col("search_id").map_elements(words.text, pl.String).alias("search"),
        pl.col("state").map_elements(words.state, pl.String),
        pl.col("reason").map_elements(words.text, pl.String),
        pl.format("{} / {}", n_done, pl.col("n_planned").cast(pl.String).fill_null("?")).alias("trials"),
        pl.col("share").round(2).alias("progress"),
        pl.struct("best_score", "metric", "goal").map_elements(_best, pl.String).alias("best"),
        *hours,
        pl.Series("left", left, dtype=pl.String),
        pl.col("n_failed").alias("failed"),
        pl.col("dataset").map_elements(words.text, pl.String),
        pl.Series("owner", whose, dtype=pl.String),
        pl.col("updated_at").alias("updated"),
        pl.col("families").list.join(", ").map_elements(words.text, pl.String),
    )
    return table.select(name for name in table.columns if name not in _OPTIONAL or table[name].count())


def _left(row: Mapping[str, Any], now: datetime) -> str | None:
    may = allowed(row) if row["state"] == "running" else None
    seconds = None if may is None else may.seconds_left(row, now)
    return None if seconds is None else words.duration(seconds)


def _best(row: dict[str, Any]) -> str:
    if row["best_score"] is None:
        return "–"
    return words.text(f"{number(row['best_score'])} {row['metric']} {words.arrow(row['goal'])}")
