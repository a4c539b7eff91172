"""Why a refit predicts what it predicts for some rows, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl.explaining.embeddings import Embedded, find_embedded
from automl.explaining.gradients import STEPS, Attribution, integrated
from automl.explaining.judged import Judged, judged, losses, pick
from automl.explaining.meant import opened, refit_meant
from automl.explaining.networks import loaded
from automl.explaining.occlusion import occluded
from automl.explaining.question import Question, check_predicts, question
from automl.explaining.reading import Given, rows_again
from automl.explaining.shown import Shown, shown_of
from automl.explaining.signals import Forecasts
from automl.predictor import Predictor
from automl.task import Array, Task
from automl.training.predict import to_tensors

MOST_CLASSES = 10  # whose probabilities are given, beside that of the target


@dataclass(frozen=True)
class Request:
    """Which rows of a refit are to be explained.

    Args:
        which: ``SEARCH/17-0``, or ``SEARCH/17`` or ``SEARCH`` for the refit that validation chooses.
        rows: ``worst``, ``best``, or the rows themselves as the data has them, from 0.
        n: how many of the worst or best.
        split: ``test`` or ``validation``.
    """

    which: str
    rows: str | Sequence[int] = "worst"
    n: int = 8
    split: str = "test"


def explain(request: Request, store: str | Path | None = None) -> dict[str, Any]:
    """What each part of some rows adds to what a refit says of them.

    Raises:
        RequestError: there is no such refit, its data is gone or has changed, or it predicts nothing.
    """
    meant = refit_meant(opened(store), request.which)
    check_predicts(meant.search.task)
    model = loaded(meant)
    found = judged(meant, request.split)
    loss, measure = losses(model.task, model.target_scale, found)
    at, chosen = pick(found, loss, measure, request.rows, request.n)
    asked = [question(model.task, model.target_scale, row) for row in found.prediction[at]]
    given = rows_again(meant, model, request.split, found.row[at])
    shown = shown_of(model)
    attributions, method = _attributed(model, given, asked, shown)
    rows = []
    for place, (one, attribution) in enumerate(zip(at, attributions, strict=True)):
        row = {name: values[place] for name, values in given.inputs.items()}
        rows.append(
            {
                "row": int(found.row[one]),
                **_said(model.task, found, int(one)),
                "loss": float(loss[one]),
                "input": shown.input(row, given.raw, place),
                "attribution": shown.attribution(row, attribution.fields),
                **_ahead(shown, attribution),
                "gap": attribution.gap,
            }
        )
    return {
        "trial": meant.full_name,
        "family": str(model.model["family"]),
        "kind": model.signature.kind,
        "task": model.task.kind,
        "target": model.task.target,
        "method": method,
        "explained": asked[0].what,
        "split": request.split,
        "n_rows": len(found),
        "chosen": chosen,
        "measure": measure,
        "rows": rows,
    }


def _attributed(
    model: Predictor, given: Given, asked: Sequence[Question], shown: Shown
) -> tuple[list[Attribution], str]:
    """The attributions of every row by one method, and what that is."""
    network = model.network.eval()
    inputs = to_tensors(given.inputs, "cpu")
    rows = [{name: v[place : place + 1] for name, v in inputs.items()} for place in range(len(asked))]
    embedded: Mapping[str, Embedded] | None = None
    if model.signature.kind != "audio":  # brought to one loudness: nothing changes on the way from silence
        embedded = find_embedded(network, model.signature, rows[0])
    if embedded is not None:
        found = [integrated(network, row, embedded, ask) for row, ask in zip(rows, asked, strict=True)]
        done = [one for one in found if one is not None]
        if len(done) == len(rows):
            return done, _by_gradients(shown, done)
    by_parts = []
    for row, ask in zip(rows, asked, strict=True):
        parts = list(shown.parts({name: values[0].numpy() for name, values in row.items()}))
        by_parts.append(occluded(network, row, parts, ask))
    return by_parts, f"occlusion (Zeiler & Fergus, 2014): what is lost where {shown.hidden}"


def _by_gradients(shown: Shown, done: Sequence[Attribution]) -> str:
    most = max(one.steps for one in done)
    steps = f"{STEPS} steps" if most == STEPS else f"{STEPS} to {most} steps"
    return f"integrated gradients (Sundararajan et al., 2017), {steps} from {shown.start}"


def _ahead(shown: Shown, attribution: Attribution) -> dict[str, Any]:
    """What is known ahead of a forecast has attributions of its own."""
    ahead = shown.attribution_ahead(attribution.fields) if isinstance(shown, Forecasts) else None
    return {} if ahead is None else {"attribution_ahead": ahead}


def _said(task: Task, found: Judged, at: int) -> dict[str, Any]:
    """The target and the prediction of one row, and the probabilities of classes."""
    target, prediction = found.target[at], found.prediction[at]
    if task.kind == "classification":
        true, said = int(target[0]), int(prediction.argmax())
        probabilities = _probabilities(task, prediction, [true])
        return {
            "target": task.classes[true],
            "prediction": task.classes[said],
            "probabilities": probabilities,
        }
    if task.kind == "multilabel":
        one, other = ("|".join(_labels(task, part >= 0.5)) for part in (target, prediction))
        probabilities = _probabilities(task, prediction, list(np.flatnonzero(target)))
        return {"target": one, "prediction": other, "probabilities": probabilities}
    if task.kind == "anomaly":
        return {
            "target": task.classes[int(target[0])],
            "prediction": float(prediction[0]),
            "probabilities": None,
        }
    if task.kind == "quantile":
        prediction = prediction[len(prediction) // 2 :][:1]
    by_target = len(task.targets) > 1
    if by_target:
        numbers = [
            {
                name: float(part.mean())
                for name, part in zip(task.targets, np.split(values, len(task.targets)), strict=True)
            }
            for values in (target, prediction)
        ]
        return {"target": numbers[0], "prediction": numbers[1], "probabilities": None}
    return {"target": float(target.mean()), "prediction": float(prediction.mean()), "probabilities": None}


def _labels(task: Task, are: Array) -> list[str]:
    return [name for name, is_one in zip(task.classes, are, strict=True) if is_one]


def _probabilities(task: Task, prediction: Array, wanted: Sequence[int]) -> dict[str, float]:
    """The largest first; those of many classes without the others."""
    order = np.argsort(-prediction, kind="stable")
    kept = [code for place, code in enumerate(order) if place < MOST_CLASSES or code in wanted]
    return {task.classes[code]: float(prediction[code]) for code in kept}
