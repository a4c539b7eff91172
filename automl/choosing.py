"""Which network of a search is the one to take, and whether a baseline would be better."""

from __future__ import annotations

import polars as pl

from automl import catalog
from automl.errors import NotFoundError, nearest
from automl.wording import number


def choose(scores: pl.DataFrame, metric: str | None = None) -> tuple[int, int]:
    """The network to pull, as (trial, seed): the best by validation; the test score never chooses.

    It is the trial with the best mean validation score over its refits, and of these the seed with
    the median one; of two middle ones the worse. Equal means are told apart by `Metric.ties`.

    Args:
        scores: rows of the table `scores` of one search.
        metric: the primary metric of the search; may be left out where the rows have only one.

    Raises:
        NotFoundError: there is no refit among them.

    >>> rows = [{"kind": "refit", "split": "validation", "metric": "mae", "goal": "min", "trial": trial,
    ...          "entry": f"s/{trial}", "seed": seed, "score": score}
    ...         for trial, seed, score in [(3, 0, 1.0), (3, 1, 3.0), (3, 2, 2.0), (5, 0, 9.0)]]
    >>> choose(pl.DataFrame(rows))
    (3, 2)
    """
    rows = scores.filter(pl.col("kind") == "refit", pl.col("split") == "validation")
    named = rows["metric"].unique().to_list()
    chosen = metric if metric is not None else named[0] if len(named) == 1 else ""
    every, rows = rows, rows.filter(pl.col("metric") == chosen)
    if rows.height == 0:
        raise NotFoundError(
            f"There is no refit with a validation score {chosen!r}: {nearest(chosen, named)} The search must "
            "have trained its finalists; a single trial can be pulled by SEARCH/TRIAL."
        )
    sign = -1.0 if rows["goal"][0] == "max" else 1.0
    means = rows.group_by("trial").agg(loss=(pl.col("score") * sign).mean())
    means = means.join(_tie_losses(every, chosen), on="trial", how="left").sort("loss", "tie", "trial")
    best = rows.filter(pl.col("trial") == means["trial"][0])
    seed = median_seeds(best.lazy(), rows["goal"][0]).collect()["seed"][0]
    return int(means["trial"][0]), int(seed)


def _tie_losses(rows: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Of each trial the mean loss by the metric that decides between equal scores of `metric`."""
    ties = catalog.metric(metric).ties if metric in catalog.names("metric") else None
    sign = -1.0 if ties is not None and catalog.metric(ties).goal == "max" else 1.0
    return rows.filter(metric=ties or "").group_by("trial").agg(tie=(pl.col("score") * sign).mean())


def median_seeds(rows: pl.LazyFrame, goal: str) -> pl.LazyFrame:
    """Of each entry, the row of the seed with the median score; of two middle ones the worse."""
    ordered = rows.sort(pl.col("score") * (-1.0 if goal == "max" else 1.0), "seed")
    place = pl.int_range(pl.len()).over("entry")
    return ordered.filter(place == (pl.len() // 2).over("entry"))


def above(board: pl.DataFrame) -> str | None:
    """A sentence for each block in which a baseline scores better than the best network, else None.

    >>> rows = {"entry": ["gradient_boosting", "s/3"], "kind": ["baseline", "refit"], "score": [0.9, 0.8],
    ...         "rank": [1, 2], "goal": "max", "metric": "accuracy", "dataset": "d"}
    >>> above(pl.DataFrame(rows).with_columns(fingerprint=pl.lit("f"), split_id=pl.lit("p")))
    'On d the baseline gradient_boosting is better than the best network s/3: accuracy 0.9 against 0.8.'
    """
    said = [
        _above(block)
        for block in board.partition_by("fingerprint", "split_id", "metric", maintain_order=True)
    ]
    return " ".join(sentence for sentence in said if sentence is not None) or None


def _above(block: pl.DataFrame) -> str | None:
    sign = -1.0 if block["goal"][0] == "max" else 1.0
    ordered = block.sort(pl.col("score") * sign, "entry")
    networks, baselines = (ordered.filter(pl.col("kind") == kind) for kind in ("refit", "baseline"))
    if not networks.height or not baselines.height:
        return None
    network, baseline = networks.row(0, named=True), baselines.row(0, named=True)
    if sign * baseline["score"] >= sign * network["score"]:
        return None
    surely = (
        baseline["rank"] is not None and network["rank"] is not None and baseline["rank"] < network["rank"]
    )
    doubt = "" if surely else " The difference is within the uncertainty."
    name, scores = block["metric"][0], f"{number(baseline['score'])} against {number(network['score'])}"
    return (
        f"On {block['dataset'][0]} the baseline {baseline['entry']} is better than the best network "
        f"{network['entry']}: {name} {scores}.{doubt}"
    )
