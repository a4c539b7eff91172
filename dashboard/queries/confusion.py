"""Which classes are taken for which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from automl.task import Array

MAX_CLASSES = 30  # that a matrix shows


@dataclass(frozen=True)
class Confusion:
    """Counts of rows by their class and the class predicted.

    Args:
        cells: target, predicted (codes), n, share (of the rows of that class); only those with rows, and only
            between the classes shown.
        shown: the codes of the classes shown, in order.
        n_classes: how many there are.
        errors: target, predicted, n, share of the commonest mistakes among all classes, the commonest first.
        accuracy: of all rows.
    """

    cells: pl.DataFrame
    shown: list[int]
    n_classes: int
    errors: pl.DataFrame
    n_rows: int
    accuracy: float


def confusion(target: Array, predicted: Array, n_classes: int, most: int = MAX_CLASSES) -> Confusion:
    """Counts of rows; of more than `most` classes those with the most mistakes, as target or as prediction.

    Args:
        target, predicted: ``(rows,)`` codes from 0.

    >>> found = confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    >>> found.cells.rows(), found.errors.rows()
    ([(0, 0, 1, 0.5), (0, 1, 1, 0.5), (1, 1, 1, 1.0)], [(0, 1, 1, 0.5)])
    """
    counted = pl.DataFrame({"target": target, "predicted": predicted}).cast(pl.Int64)
    cells = counted.group_by("target", "predicted").len("n").with_columns(pl.col("n").cast(pl.Int64))
    cells = cells.with_columns(share=pl.col("n") / pl.col("n").sum().over("target"))
    wrong = cells.filter(pl.col("target") != pl.col("predicted")).sort(
        "n", "target", "predicted", descending=[True, False, False]
    )
    shown = list(range(n_classes))
    if n_classes > most:
        mistakes = np.zeros(n_classes, np.int64)
        for one, other, n in wrong.select("target", "predicted", "n").iter_rows():
            mistakes[one] += n
            mistakes[other] += n
        shown = sorted(np.argsort(-mistakes, kind="stable")[:most].tolist())
    within = pl.col("target").is_in(shown) & pl.col("predicted").is_in(shown)
    correct = float(np.mean(np.asarray(target) == np.asarray(predicted))) if len(target) else 0.0
    return Confusion(
        cells.filter(within).sort("target", "predicted"),
        shown,
        n_classes,
        wrong.head(20),
        len(target),
        correct,
    )
