"""The learning curves of one attempt, with their best epoch and where they overfit."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard.kept import query
from dashboard.queries.overfitting import Overfitting, best_epoch, overfitting
from dashboard.queries.thinning import thinned
from dashboard.snapshot import Snapshot

TRAIN_LOSS = "train_loss"


@dataclass(frozen=True)
class Learning:
    """Two curves of one attempt: the training loss and a validation metric, thinned where they are long.

    Args:
        train, validation: epoch, value; empty where there is none.
        n_epochs: how many there are of the longer one, before thinning.
        best: epoch and value of the best validation score.
    """

    train: pl.DataFrame
    validation: pl.DataFrame
    n_epochs: int
    best: tuple[int, float] | None
    overfitting: Overfitting | None


@query("epochs")
def metrics(snapshot: Snapshot, search_id: str, number: int, attempt: int) -> list[str]:
    """The metrics of which this attempt has a curve on the validation rows."""
    rows = snapshot.scan("epochs").filter(search_id=search_id, trial=number, attempt=attempt)
    found = rows.select(pl.col("metric").unique()).collect()["metric"].to_list()
    return sorted(name for name in found if name != TRAIN_LOSS)


@query("epochs")
def learning(
    snapshot: Snapshot, search_id: str, number: int, attempt: int, metric: str, goal: str
) -> Learning:
    """The training loss and one validation metric of an attempt; what is no finite number is left out."""
    rows = snapshot.scan("epochs").filter(
        pl.col("search_id") == search_id,
        pl.col("trial") == number,
        pl.col("attempt") == attempt,
        pl.col("metric").is_in([TRAIN_LOSS, metric]),
        pl.col("value").is_finite(),
    )
    found = rows.sort("epoch").collect()
    train, validation = (found.filter(metric=name).select("epoch", "value") for name in (TRAIN_LOSS, metric))
    points = validation.rows()
    return Learning(
        thinned(train),
        thinned(validation),
        max(train.height, validation.height),
        best_epoch(points, goal),
        overfitting(train.rows(), points, goal),
    )
