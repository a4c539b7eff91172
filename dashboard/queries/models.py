"""Which checkpoint to take: of each data set and task the network that validation chooses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from automl import catalog
from automl.choosing import choose
from automl.ranking import BLOCK
from automl.store.reading import latest_attempts
from dashboard import words
from dashboard.kept import query
from dashboard.queries.board_table import model_of
from dashboard.snapshot import Snapshot

SUBJECT = ("dataset", "task")
_BLOCK = (*SUBJECT, *BLOCK, "metric")
_COLUMNS = (
    "search_id",
    "trial",
    "seed",
    "family",
    "score",
    "n_parameters",
    "train_seconds",
    "latency_ms",
    "bundle",
    "bundle_bytes",
)


@query("scores", "searches")
def checkpoints(snapshot: Snapshot) -> pl.DataFrame:
    """One row a data set and task, by name: the search and the family with the best mean validation score.

    Columns: dataset, task, fingerprint, split_id, metric, goal, search_id, family, n_searches (that were compared),
    n_versions (of the data, its split and the metric; the one with the latest scores is here), baseline and
    baseline_score (the best one on the same test rows).
    """
    refits = _refits(snapshot).filter(pl.col("split") == "validation")
    means = refits.group_by(*_BLOCK, "goal", "search_id", "trial", "family").agg(
        pl.col("score").mean(), pl.col("ended_at").max()
    )
    newest = means.with_columns(
        newest=pl.col("ended_at").max().over(_BLOCK),
        n_searches=pl.col("search_id").n_unique().over(_BLOCK),
        n_versions=pl.struct(_BLOCK).n_unique().over(SUBJECT),
    ).filter(pl.col("newest") == pl.col("newest").max().over(SUBJECT))
    best = newest.sort(_loss(), "search_id", "trial").unique(SUBJECT, keep="first", maintain_order=True)
    kept = (*_BLOCK, "goal", "search_id", "family", "n_searches", "n_versions")
    return _with_baselines(snapshot, best.select(kept)).sort(SUBJECT).collect()


def _loss() -> pl.Expr:
    return pl.when(pl.col("goal") == "max").then(-pl.col("score")).otherwise(pl.col("score"))


def _refits(snapshot: Snapshot) -> pl.LazyFrame:
    """The scores of the refits that have a bundle, by the metric that their search improves."""
    primary = snapshot.scan("searches").select("search_id", "metric")
    rows = latest_attempts(snapshot.scan("scores"), ("search_id", "entry", "seed"))
    rows = rows.filter(pl.col("kind") == "refit", pl.col("bundle").is_not_null())
    return rows.join(primary, on=["search_id", "metric"], how="semi")


@query("scores")
def chosen(snapshot: Snapshot, searches: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    """The refit that `automl pull` takes of each search, with what is known of it.

    Beside columns of the table of scores, of which `score` is its own on the test rows or None: validation (the mean
    over the trial's refits), and n_seeds (how many these are).

    Args:
        searches: the id of each, and the metric that it improves.
    """
    ids = [search_id for search_id, _ in searches]
    rows = snapshot.scan("scores").filter(
        pl.col("search_id").is_in(ids), pl.col("kind") == "refit", pl.col("bundle").is_not_null()
    )
    refits = latest_attempts(rows, ("search_id", "entry", "seed")).collect()
    return [_chosen(refits.filter(search_id=search_id), metric) for search_id, metric in searches]


def _chosen(refits: pl.DataFrame, metric: str) -> dict[str, Any]:
    trial, seed = choose(refits, metric)
    of_trial = refits.filter(trial=trial, metric=metric)
    own = of_trial.filter(seed=seed)
    test = own.filter(split="test")
    values = (test if test.height else own.with_columns(score=pl.lit(None, pl.Float64))).row(0, named=True)
    validation = of_trial.filter(split="validation")["score"]
    known = {name: values[name] for name in _COLUMNS}
    return known | {"validation": validation.mean(), "n_seeds": len(validation)}


def _with_baselines(snapshot: Snapshot, found: pl.LazyFrame) -> pl.LazyFrame:
    """With the best baseline on the same test rows."""
    rows = snapshot.scan("scores").filter(pl.col("kind") == "baseline", pl.col("split") == "test")
    means = rows.group_by(*_BLOCK, "goal", "entry").agg(pl.col("score").mean())
    best = means.sort(_loss(), "entry").unique(_BLOCK, keep="first", maintain_order=True)
    return found.join(best.select(*_BLOCK, baseline="entry", baseline_score="score"), on=_BLOCK, how="left")


@query("scores", "searches")
def lacking(snapshot: Snapshot) -> pl.DataFrame:
    """The data sets and tasks without a checkpoint: dataset, task, and what is missing in a sentence."""
    there = checkpoints(snapshot)
    searches = snapshot.scan("searches").select(
        *SUBJECT, "search_id", "state", "reason", "n_complete", "n_trials", "updated_at"
    )
    without = searches.collect().join(there, on=SUBJECT, how="anti").sort("updated_at", descending=True)
    said = [
        {"dataset": dataset, "task": task, "missing": _missing(rows.to_dicts())}
        for (dataset, task), rows in without.group_by(SUBJECT, maintain_order=True)
    ]
    schema = dict.fromkeys((*SUBJECT, "missing"), pl.String)
    return pl.DataFrame(said, schema=schema).sort(SUBJECT)


def _missing(searches: list[dict[str, Any]]) -> str:
    """What is missing, from the searches on a data set, the last updated first."""
    active = next((row for row in searches if row["state"] in words.ACTIVE), None)
    if active is not None:
        return f"{active['search_id']} is {active['state']}; its finalists are trained again, and kept, at its end."
    tried = next((row for row in searches if row["n_complete"]), None)
    if tried is not None:
        return (
            f"{tried['search_id']} ended before its finalists were trained again. `automl resume` goes on with it; "
            "one of its trials can be pulled as it is."
        )
    last = searches[0]
    why = f" ({last['reason']})" if last["reason"] else ""
    return f"{last['search_id']} ended {last['state']}{why} without a complete trial."


def fitting(found: pl.DataFrame, dataset: str | None, contains: str) -> pl.DataFrame:
    """Those of a data set, and that contain a text in the name of the data set, the task, the family or the search."""
    if dataset is not None:
        found = found.filter(pl.col("dataset") == dataset)
    places = [name for name in ("dataset", "task", "family", "search_id", "missing") if name in found.columns]
    if contains and found.height:
        lower = (pl.col(name).str.to_lowercase() for name in places)
        found = found.filter(
            pl.any_horizontal(place.str.contains(contains.lower(), literal=True) for place in lower)
        )
    return found


def which(row: Mapping[str, Any]) -> str:
    """How commands name a checkpoint: its refit, as ``SEARCH/17-0``."""
    return model_of({"search_id": row["search_id"], "entry": row["search_id"], "bundle": row["bundle"]})


def above(row: Mapping[str, Any]) -> bool:
    """Whether the best baseline scores better on the test rows than this checkpoint."""
    if row["baseline_score"] is None or row["score"] is None:
        return False
    sign = -1.0 if row["goal"] == "max" else 1.0
    return bool(sign * row["baseline_score"] < sign * row["score"])


@query("searches")
def licence(snapshot: Snapshot, search_id: str) -> str | None:
    """The licence of the data of a search, where that is registered; None where nobody has said."""
    found = snapshot.scan("searches").filter(search_id=search_id).select("spec").collect()
    try:
        data = json.loads(found["spec"][0])["data"] if found.height else {}
        name = data.get("name") if data.get("path") is None and data.get("openml") is None else None
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return catalog.dataset(name).licence if name in catalog.names("data set") else None
