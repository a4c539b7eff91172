"""What a refit predicted for the rows of a split, how wrong each prediction is, and which rows to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automl.errors import NotFoundError, RequestError
from automl.explaining.meant import Meant
from automl.store.predictions import read_predictions
from automl.task import Array, TargetScale, Task

MOST_ROWS = 64  # at once
_LEAST_PROBABILITY = 1e-15  # so that a loss is finite
_HOW = {"worst": "largest", "best": "smallest"}


@dataclass(frozen=True)
class Judged:
    """The rows of one split.

    Args:
        row: ``(n,)`` the place of each in the data as read, from 0.
        target: ``(n, n_targets)`` what was to be predicted.
        prediction: ``(n, n_outputs)`` as `automl.task.Rows` lists it.
    """

    split: str
    row: Array
    target: Array
    prediction: Array

    def __len__(self) -> int:
        return len(self.row)


def judged(meant: Meant, split: str) -> Judged:
    """The predictions that a refit was judged by.

    Raises:
        StorageError: their file is gone or altered.
        NotFoundError: there are none for this split.
    """
    record = meant.folder.record("refit", meant.name, meant.attempt)
    files = [] if record is None else [file for file in record.predictions if file.split == split]
    found = read_predictions(meant.folder.place, files).filter(split=split)
    if found.height == 0:
        raise NotFoundError(
            f"{meant.full_name} has no predictions of {split} rows, so that none can be explained."
        )
    one = found.row(0, named=True)
    row = np.array(one["row"], np.int64)
    target, prediction = (np.array(one[name], np.float64) for name in ("target", "prediction"))
    return Judged(split, row, target.reshape(len(row), -1), prediction.reshape(len(row), -1))


def losses(task: Task, scale: TargetScale, found: Judged) -> tuple[Array, str]:
    """How wrong the prediction of each row is, ``(n,)``, and what that measures."""
    target, prediction = found.target, found.prediction
    if task.kind == "classification":
        given = np.take_along_axis(prediction, target.astype(np.int64), axis=1)[:, 0]
        return -np.log(np.maximum(given, _LEAST_PROBABILITY)), "log loss"
    if task.kind == "multilabel":
        given = np.where(target > 0, prediction, 1 - prediction)
        return -np.log(np.maximum(given, _LEAST_PROBABILITY)).mean(axis=1), "mean log loss of the labels"
    if task.kind == "quantile":
        error = target - prediction
        levels = np.asarray(task.scales["levels"])
        return np.maximum(levels * error, (levels - 1) * error).mean(axis=1), "pinball loss"
    if task.kind == "anomaly":
        score = prediction[:, 0] - np.median(prediction[:, 0])
        return np.where(target[:, 0] > 0, -score, score), "distance to the wrong side of the median score"
    if prediction.shape[1] == 1:
        return (target[:, 0] - prediction[:, 0]) ** 2, "squared error"
    apart = scale.standardised(target) - scale.standardised(prediction)
    return (apart**2).mean(axis=1), "mean squared error, in deviations of each target"


def pick(found: Judged, loss: Array, measure: str, rows: str | Sequence[int], n: int) -> tuple[Array, str]:
    """The places of some rows in `found`, and which they are in words.

    Args:
        rows: ``worst`` or ``best``, or the rows themselves, as the data has them from 0.

    Raises:
        NotFoundError: a row is not in the split.
    """
    if isinstance(rows, str):
        order = np.argsort(-loss if rows == "worst" else loss, kind="stable")[:n]
        which = "the row" if len(order) == 1 else f"the {len(order)} rows"
        return order, f"{which} with the {_HOW[rows]} {measure}"
    at = {int(row): place for place, row in enumerate(found.row)}
    lacking = [row for row in rows if row not in at]
    if lacking:
        some = ", ".join(str(row) for row in found.row[:3])
        raise NotFoundError(
            f"Row {lacking[0]} is not one of the {len(found):,} {found.split} rows. Rows are numbered from 0 as the "
            f"data has them, and these are, for example, {some}."
        )
    return np.array([at[row] for row in rows], np.int64), "the rows that were asked for"


def rows_asked(text: str) -> str | list[int]:
    """``worst``, ``best``, or the numbers in ``3,17,40``, each once.

    >>> rows_asked("3, 17,3")
    [3, 17]

    Raises:
        RequestError: it is something else.
    """
    if text in _HOW:
        return text
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        raise RequestError(
            f"--rows is worst, best or the numbers of rows such as 3,17,40, but got {text[:100]!r}."
        )
    rows = list(dict.fromkeys(map(int, parts)))
    if len(rows) > MOST_ROWS:
        raise RequestError(f"At most {MOST_ROWS} rows are explained at once, but got {len(rows)}.")
    return rows
