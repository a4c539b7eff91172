"""What refits predicted, made small: by the kind of task what is worth looking at."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import polars as pl

from automl.errors import StorageError
from automl.store.reading import latest_attempts
from automl.task import Array
from dashboard.kept import query
from dashboard.queries.calibration import coverage, reliability
from dashboard.queries.confusion import Confusion, confusion
from dashboard.queries.residuals import Residuals, residuals
from dashboard.snapshot import Snapshot

YES = 0.5  # a label counts as predicted from this probability on


@dataclass(frozen=True)
class Whose:
    """The predictions of one refit on the rows of one split."""

    search_id: str
    trial: int
    seed: int
    split: str


@query("predictions")
def splits(snapshot: Snapshot, search_id: str, trial: int, seed: int) -> list[str]:
    """The splits on whose rows there are predictions of a refit."""
    rows = _rows(snapshot, search_id, trial, seed).select(pl.col("split").unique()).collect()
    return sorted(rows["split"].to_list())


@dataclass(frozen=True)
class Classified:
    """How rows were sorted into classes, and whether the probabilities of the predicted class come true."""

    confusion: Confusion
    bins: pl.DataFrame


@query("predictions")
def classified(snapshot: Snapshot, whose: Whose) -> Classified:
    found = _predicted(snapshot, whose)
    target, chosen = found.target[:, 0].astype(np.int64), found.prediction.argmax(axis=1)
    n_classes = max(found.prediction.shape[1], int(target.max(initial=-1)) + 1)
    bins = reliability(found.prediction.max(axis=1), target == chosen)
    return Classified(confusion(target, chosen, n_classes), bins)


@dataclass(frozen=True)
class Labelled:
    """How labels were predicted: one line a label, and whether their probabilities come true."""

    labels: pl.DataFrame  # code, n (that have it), found, missed, wrong
    bins: pl.DataFrame
    n_rows: int


@query("predictions")
def labelled(snapshot: Snapshot, whose: Whose) -> Labelled:
    found = _predicted(snapshot, whose)
    has, said = found.target > YES, found.prediction >= YES
    counts = {
        "n": has.sum(axis=0),
        "found": (has & said).sum(axis=0),
        "missed": (has & ~said).sum(axis=0),
        "wrong": (~has & said).sum(axis=0),
    }
    labels = pl.DataFrame({"code": np.arange(has.shape[1])} | counts).cast(pl.Int64)
    order = pl.col("missed") + pl.col("wrong")
    bins = reliability(found.prediction.ravel(), has.ravel())
    return Labelled(labels.sort(order, descending=True), bins, len(found.row))


@dataclass(frozen=True)
class Estimated:
    """How far numbers were off.

    Args:
        coverage: of quantiles, how often targets lie below each; empty for other tasks.
        steps: of forecasts, step and its mean absolute error; empty for other tasks.
    """

    residuals: Residuals
    coverage: pl.DataFrame
    steps: pl.DataFrame


@query("predictions")
def estimated(snapshot: Snapshot, whose: Whose, output: int = 0, horizon: int = 1) -> Estimated:
    """How far one predicted number was off: the `output`-th, over all its steps where it is forecast."""
    found = _predicted(snapshot, whose)
    if levels := found.scales.get("levels"):
        asked = np.asarray(levels, np.float64)
        middle = found.prediction[:, int(np.abs(asked - 0.5).argmin())]
        covered = coverage(found.target[:, 0], found.prediction, asked)
        return Estimated(residuals(found.row, found.target[:, 0], middle), covered, pl.DataFrame())
    if found.target.shape[1] != found.prediction.shape[1]:
        raise StorageError("The predictions and the targets are not as many numbers a row.")
    columns = slice(output * horizon, (output + 1) * horizon)
    target, prediction = found.target[:, columns], found.prediction[:, columns]
    row = np.repeat(found.row, target.shape[1])
    left = residuals(row, target.ravel(), prediction.ravel())
    error = np.abs(target - prediction).mean(axis=0)
    steps = pl.DataFrame({"step": np.arange(1, len(error) + 1), "error": error})
    return Estimated(left, pl.DataFrame(), steps if horizon > 1 else pl.DataFrame())


@query("predictions")
def scored(snapshot: Snapshot, whose: Whose) -> pl.DataFrame:
    """How scores of strangeness are spread over usual rows and anomalies: low, high, usual, anomaly (counts)."""
    found = _predicted(snapshot, whose)
    score, strange = found.prediction[:, 0], found.target[:, 0] > YES
    inner = score[np.isfinite(score)]
    edges = np.histogram_bin_edges(inner, bins=40)
    counts = {
        name: np.histogram(score[which], bins=edges)[0].astype(np.int64)
        for name, which in (("usual", ~strange), ("anomaly", strange))
    }
    return pl.DataFrame({"low": edges[:-1], "high": edges[1:]} | counts)


@dataclass(frozen=True)
class _Predicted:
    """``(rows,)`` places in the data, ``(rows, k)`` targets, ``(rows, n_outputs)`` predictions."""

    row: Array
    target: Array
    prediction: Array
    scales: dict[str, list[float]]


def _predicted(snapshot: Snapshot, whose: Whose) -> _Predicted:
    """What a refit predicted.

    Raises:
        StorageError: there is nothing, or its lists do not fit together.
    """
    rows = _rows(snapshot, whose.search_id, whose.trial, whose.seed).filter(split=whose.split)
    columns = ("row", "target", "prediction", "n_outputs", "scales", "attempt")
    found = latest_attempts(rows.select(*columns), ("n_outputs",)).collect()
    if not found.height:
        raise StorageError(f"There are no predictions of this refit on the {whose.split} rows.")
    row, target, prediction = (found[name][0].to_numpy() for name in ("row", "target", "prediction"))
    n, width = len(row), int(found["n_outputs"][0])
    if not n or not len(target) or len(target) % n or len(prediction) != n * width or width < 1:
        raise StorageError(
            f"The predictions do not fit together: {n:,} rows, {len(target):,} targets and {len(prediction):,} "
            f"predictions of {width} numbers a row."
        )
    scales = json.loads(found["scales"][0] or "{}")
    return _Predicted(row, target.reshape(n, -1), prediction.reshape(n, width), scales)


def _rows(snapshot: Snapshot, search_id: str, trial: int, seed: int) -> pl.LazyFrame:
    return snapshot.scan("predictions").filter(search_id=search_id, kind="refit", trial=trial, seed=seed)
