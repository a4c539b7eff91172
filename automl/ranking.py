"""The leaderboard: entries ranked on test rows that no search has seen, with intervals and ties.

An entry is a finalist trained again over several seeds, or a baseline. Only entries on the same
data, split and metric are compared. Two entries have different ranks only where one is
significantly better, so equal ones share a rank.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from automl import catalog
from automl.choosing import above, choose, median_seeds
from automl.intervals import Judged, intervals, ranks, replicate, within_bounds
from automl.metric import Metric
from automl.pareto import pareto
from automl.store.delta import scan, version
from automl.store.reading import latest_attempts, scores
from automl.store.store import Store
from automl.task import DEFAULT_METRIC, NUMERIC

__all__ = ["COLUMNS", "above", "board", "choose", "leaderboard", "pareto"]

BLOCK = ("fingerprint", "split_id")  # what must be equal for scores to be compared, beside the metric
COLUMNS: Mapping[str, Any] = {
    "rank": pl.Int64,
    "entry": pl.String,
    "kind": pl.String,
    "family": pl.String,
    "search_id": pl.String,
    "trial": pl.Int64,
    "metric": pl.String,
    "goal": pl.String,
    "score": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n_seeds": pl.Int64,
    "n_rows": pl.Int64,
    "validation_score": pl.Float64,
    "n_parameters": pl.Int64,
    "train_seconds": pl.Float64,
    "latency_ms": pl.Float64,
    "bundle": pl.String,
    "dataset": pl.String,
    "fingerprint": pl.String,
    "split_id": pl.String,
}


def board(
    store: Store, search_id: str | None = None, dataset: str | None = None, metric: str | None = None
) -> pl.DataFrame:
    """The leaderboards of a store, one block for each data, split and metric, best first.

    Args:
        search_id: only the finalists and baselines of this search.
        dataset: only this data set, by name or fingerprint.
        metric: the metric to rank by; the searches' own primary one when left out.

    Raises:
        NotFoundError: there is no such metric.
    """
    chosen = None if metric is None else catalog.metric(metric)
    rows = scores(store, search_id)
    if dataset is not None:
        rows = rows.filter((pl.col("dataset") == dataset) | (pl.col("fingerprint") == dataset))
    found = rows.collect()
    pinned = version(store, "predictions")
    blocks = [pl.DataFrame(schema=COLUMNS)]
    for block in found.partition_by(BLOCK, maintain_order=True):
        judged_by = [chosen] if chosen is not None else _primary(store, block)
        predictions = scan(store, "predictions", pinned).filter(
            pl.col("search_id").is_in(block["search_id"].unique().to_list()),
            pl.col("split") == "test",
            *(pl.col(name) == block[name][0] for name in BLOCK),
        )
        predictions = latest_attempts(predictions, ("search_id", "entry", "seed")).collect().lazy()
        blocks += [leaderboard(block.lazy(), predictions, one) for one in judged_by]
    return pl.concat(blocks)


def _primary(store: Store, block: pl.DataFrame) -> list[Metric]:
    """The primary metrics of the searches behind these scores, by name."""
    ids = block["search_id"].unique().to_list()
    named = scan(store, "searches").filter(pl.col("search_id").is_in(ids)).collect()["metric"]
    known = set(catalog.names("metric"))
    chosen = sorted(set(named) & known & set(block["metric"])) or [DEFAULT_METRIC[block["task"][0]]]
    return [catalog.metric(name) for name in chosen]


def leaderboard(
    scores: pl.LazyFrame, predictions: pl.LazyFrame, metric: Metric, seed: int = 0
) -> pl.DataFrame:
    """The entries of one data and split, ranked on its test rows by one metric.

    Args:
        scores: rows of the table `scores`, one attempt for each entry and seed.
        predictions: rows of the table `predictions`, likewise. An entry whose predictions are
            missing, or are of other rows than most, stands last, without a rank or an interval.
        seed: of the bootstrap; the same rows give the same board.

    >>> from automl.catalog import metric
    >>> column = {"search_id": "s", "kind": "refit", "family": "mlp", "dataset": "d", "fingerprint": "f",
    ...           "split_id": "p", "n_parameters": 9, "train_seconds": 1.0, "latency_ms": 1.0, "bundle": "b",
    ...           "split": "test", "metric": "mae", "n_rows": 2, "seed": 0, "score": 1.0}
    >>> scores = pl.LazyFrame([column | {"entry": "s/0", "trial": 0}, column | {"entry": "s/1", "trial": 1}])
    >>> guessed = {"split": "test", "seed": 0, "row": [0, 1], "target": [1.0, 2.0], "n_outputs": 1,
    ...            "prediction": [2.0, 3.0], "group": []}
    >>> predictions = pl.LazyFrame([guessed | {"entry": "s/0"}, guessed | {"entry": "s/1"}])
    >>> leaderboard(scores, predictions, metric("mae")).select("rank", "entry", "score").rows()
    [(1, 's/0', 1.0), (1, 's/1', 1.0)]
    """
    entries = _entries(scores, metric)
    if entries.height == 0:
        return pl.DataFrame(schema=COLUMNS)
    found = predictions.filter(pl.col("split") == "test").collect()
    judged, groups = _judged(entries, found, whole=not set(metric.tasks) & {*NUMERIC, "generation"})
    metric = metric.bound(_scales(found)) if judged else metric
    ranked = entries.filter(pl.col("entry").is_in(list(judged))).sort("entry")
    if ranked.height:
        points = ranked["score"].to_numpy()
        replicates = replicate([judged[name] for name in ranked["entry"]], metric, groups, seed)
        low, high = within_bounds(*intervals(points, replicates), metric, replicates.row_freedom + 1)
        places = ranks(points, replicates, metric.goal)
        ends = {"low": pl.lit(low).fill_nan(None), "high": pl.lit(high).fill_nan(None)}
        ranked = ranked.with_columns(**ends, rank=pl.lit(places, dtype=pl.Int64))
    rest = entries.filter(~pl.col("entry").is_in(list(judged)))
    sign = -1.0 if metric.goal == "max" else 1.0
    whole = pl.concat([ranked, rest], how="diagonal_relaxed")
    whole = whole.select(
        (pl.col(name) if name in whole.columns else pl.lit(None, dtype)).alias(name).cast(dtype)
        for name, dtype in COLUMNS.items()
    )
    return whole.sort("rank", pl.col("score") * sign, "entry", nulls_last=True)


def _entries(scores: pl.LazyFrame, metric: Metric) -> pl.DataFrame:
    """One row an entry, with the means over its seeds; a baseline of several searches counts once."""
    rows = scores.filter(pl.col("metric") == metric.name).unique(
        ["entry", "seed", "split"], keep="first", maintain_order=True
    )
    test = (
        rows.filter(pl.col("split") == "test")
        .group_by("entry", maintain_order=True)
        .agg(
            pl.col(
                "kind", "family", "search_id", "trial", "dataset", "n_rows", "n_parameters", *BLOCK
            ).first(),
            pl.col("score", "train_seconds", "latency_ms").mean(),
            pl.len().alias("n_seeds"),
        )
    )
    validation = rows.filter(pl.col("split") == "validation")
    middle = median_seeds(validation, metric.goal).select("entry", "bundle")
    mean = validation.group_by("entry").agg(pl.col("score").mean().alias("validation_score"))
    any_bundle = rows.group_by("entry").agg(pl.col("bundle").drop_nulls().first().alias("any_bundle"))
    found = test.join(mean, on="entry", how="left").join(middle, on="entry", how="left")
    found = found.join(any_bundle, on="entry", how="left").with_columns(
        pl.coalesce("bundle", "any_bundle").alias("bundle"),
        pl.lit(metric.name).alias("metric"),
        pl.lit(metric.goal).alias("goal"),
    )
    return found.collect()


def _scales(predictions: pl.DataFrame) -> Mapping[str, Any]:
    """What some metrics need beside predictions (`Task.scales`); it is the same for all of these."""
    known = predictions["scales"].drop_nulls() if "scales" in predictions.columns else pl.Series([])
    return dict(json.loads(known[0])) if len(known) else {}


def _judged(entries: pl.DataFrame, predictions: pl.DataFrame, whole: bool) -> tuple[dict[str, Judged], Any]:
    """What each entry predicted for the rows that most have, in row order; and the groups of these.

    Args:
        whole: whether targets are whole numbers: classes, or yes and no.
    """
    found: dict[str, list[tuple[bytes, Any, Any, Any]]] = {}
    rows = predictions.unique(["entry", "seed"], keep="first", maintain_order=True).sort("entry", "seed")
    for one in rows.select("entry", "row", "target", "prediction", "group", "n_outputs").iter_rows():
        name, row, target, prediction, group, n_outputs = one
        order = np.argsort(np.asarray(row), kind="stable")
        values, targets = (np.asarray(v).reshape(len(row), -1)[order] for v in (prediction, target))
        key = np.asarray(row)[order].tobytes()
        targets = (targets[:, 0] if targets.shape[1] == 1 else targets).astype(
            np.int64 if whole else np.float64
        )
        groups = np.asarray(group)[order] if len(group) else None
        found.setdefault(name, []).append((key, targets, values if n_outputs > 1 else values[:, 0], groups))
    kept = {name: found[name] for name in entries["entry"] if name in found}
    keys = sorted(part[0] for parts in kept.values() for part in parts)
    if not keys:
        return {}, None
    common = max(dict.fromkeys(keys), key=keys.count)
    alike = {name: parts for name, parts in kept.items() if all(part[0] == common for part in parts)}
    judged = {name: Judged(parts[0][1], [part[2] for part in parts]) for name, parts in alike.items()}
    groups = next((part[3] for parts in alike.values() for part in parts if part[3] is not None), None)
    return judged, groups
