"""What is made of predictions: by hand-worked examples, against loops, and on the pages of refits of every task."""

from __future__ import annotations

import doctest
import json
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import dashboard_store as rows
import numpy as np
import polars as pl
import pytest
from dashboard_app import said
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl.errors import StorageError
from automl.store import open_store
from automl.task import TASK_KINDS
from dashboard.charts import calibration as calibration_charts
from dashboard.charts import confusion as confusion_charts
from dashboard.charts import residuals as residual_charts
from dashboard.queries import calibration, confusion, predictions, residuals
from dashboard.queries.predictions import Whose
from dashboard.snapshot import Snapshot

NAME = "some-0a1b2c3d"
WHOSE = Whose(NAME, 3, 0, "test")
PAIRS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def refit(root: Path, task: str, target: Any, prediction: Any, changed: dict[str, Any] | None = None) -> Path:
    """A store with one refit and its predictions on the test rows.

    Args:
        changed: fields of the row of predictions that are otherwise than they follow from these.
    """
    target, prediction = np.atleast_1d(target), np.atleast_1d(prediction)
    n = len(target)
    n_outputs = prediction.size // n
    score, _, predicted = rows.entry(f"{NAME}/3", 0.1, n_seeds=1, n_rows=n, task=task)
    lists = {
        "row": list(range(n)),
        "target": target.ravel().tolist(),
        "prediction": prediction.ravel().tolist(),
    }
    row = replace(predicted, **(lists | {"n_outputs": n_outputs} | (changed or {})))
    return rows.write(root, [rows.search("some", task=task), rows.trial(NAME, 3), score, row])


def snapshot(root: Path) -> Snapshot:
    return Snapshot(open_store(root))


@pytest.mark.parametrize("module", [confusion, calibration])
def test_examples_hold(module) -> None:
    assert doctest.testmod(module).failed == 0


def test_the_calibration_error_of_a_worked_example() -> None:
    """Four rows at 0.95, of which three come true; one at 0.55 that does, and one at 0.58 that does not.

    The gap of the last bin is 0.95 - 0.75 = 0.2, of the other 0.565 - 0.5 = 0.065: (4 * 0.2 + 2 * 0.065) / 6 = 0.155.
    """
    said = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.58])
    bins = calibration.reliability(said, np.array([1, 1, 1, 0, 1, 0]))
    assert bins["n"].to_list() == [2, 4]
    assert calibration.expected_error(bins) == pytest.approx(0.155)


@given(PAIRS, st.integers(1, 20))
def test_reliability_is_what_a_loop_gives(pairs: list[tuple[float, bool]], n_bins: int) -> None:
    edges = np.linspace(0, 1, n_bins + 1)
    said, true = (np.array(part, float) for part in zip(*pairs, strict=True))
    bins = calibration.reliability(said, true, n_bins)
    expected = []
    for low, high in pairwise(edges):
        inside = [pair for pair in pairs if low < pair[0] <= high or (pair[0] == 0 == low)]
        if inside:
            means = [sum(part) / len(inside) for part in zip(*inside, strict=True)]
            expected.append((len(inside), *map(pytest.approx, means)))
    assert bins.select("n", "said", "true").rows() == expected
    error = sum(n * abs(a.expected - b.expected) for n, a, b in expected) / len(pairs)
    assert calibration.expected_error(bins) == pytest.approx(error)
    assert 0 <= calibration.expected_error(bins) <= 1


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=80), st.integers(2, 6))
def test_confusion_is_what_a_loop_gives(pairs: list[tuple[int, int]], most: int) -> None:
    target, predicted = (np.array(part) for part in zip(*pairs, strict=True))
    found = confusion.confusion(target, predicted, 6, most)
    mistakes = {code: sum(code in pair and pair[0] != pair[1] for pair in pairs) for code in range(6)}
    assert found.shown == sorted(sorted(range(6), key=lambda code: (-mistakes[code], code))[:most])
    for one, other, n, share in found.cells.iter_rows():
        assert n == pairs.count((one, other)) > 0
        assert share == n / sum(pair[0] == one for pair in pairs)
        assert {one, other} <= set(found.shown)
    assert found.errors["n"].to_list() == sorted(found.errors["n"], reverse=True)
    assert found.accuracy == sum(one == other for one, other in pairs) / len(pairs)


@given(st.lists(st.tuples(st.floats(-99, 99), st.floats(-99, 99)), max_size=300), st.integers(0, 300))
def test_no_residual_is_lost(pairs: list[tuple[float, float]], most: int) -> None:
    target, prediction = (np.array([pair[i] for pair in pairs], float) for i in (0, 1))
    found = residuals.residuals(np.arange(len(pairs)), target, prediction, most)
    assert found.points.height + found.bins["n"].sum() == found.n_rows == len(pairs)
    assert found.bars["n"].sum() + found.n_beyond == len(pairs)
    if pairs:
        assert found.mean == pytest.approx(sum(a - b for a, b in pairs) / len(pairs), abs=1e-9)


def test_what_is_no_finite_number_is_left_out_of_residuals() -> None:
    found = residuals.residuals(np.arange(3), np.array([1.0, np.nan, 2.0]), np.array([1.0, 1.0, np.inf]))
    assert (found.n_rows, found.points.rows()) == (1, [(0, 1.0, 0.0)])


def test_forecasts_are_judged_by_target_and_step(tmp_path: Path) -> None:
    target = np.zeros((4, 6))
    prediction = np.tile([1.0, 2.0, 3.0, 10.0, 20.0, 30.0], (4, 1))  # two targets, three steps each
    store = snapshot(refit(tmp_path, "forecasting", target, prediction))
    found = predictions.estimated(store, WHOSE, output=1, horizon=3)
    assert found.steps.rows() == [(1, 10.0), (2, 20.0), (3, 30.0)]
    assert found.residuals.mean == -20.0
    assert found.residuals.n_rows == 12


def test_quantiles_are_judged_by_how_often_they_hold(tmp_path: Path) -> None:
    target, prediction = np.arange(10.0), np.tile([0.5, 4.5, 8.5], (10, 1))
    scales = json.dumps({"levels": [0.1, 0.5, 0.9]})
    store = snapshot(refit(tmp_path, "quantile", target, prediction, {"scales": scales}))
    found = predictions.estimated(store, WHOSE)
    assert found.coverage["true"].to_list() == [0.1, 0.5, 0.9]
    assert found.residuals.mean == 0.0


def test_labels_are_counted(tmp_path: Path) -> None:
    target = np.array([[1, 0], [1, 1], [0, 0]])
    prediction = np.array([[0.9, 0.8], [0.2, 0.9], [0.1, 0.2]])
    found = predictions.labelled(snapshot(refit(tmp_path, "multilabel", target, prediction)), WHOSE)
    assert sorted(found.labels.rows()) == [(0, 2, 1, 1, 0), (1, 1, 1, 0, 1)]
    assert found.bins["n"].sum() == 6


@pytest.mark.parametrize(
    ("name", "value"), [("target", [1.0] * 5), ("prediction", [1.0] * 7), ("n_outputs", 0)]
)
def test_lists_that_do_not_fit_together_are_told(tmp_path: Path, name: str, value: Any) -> None:
    root = refit(tmp_path, "regression", np.zeros(4), np.ones(4), {name: value})
    with pytest.raises(StorageError, match="The predictions do not fit together: 4 rows"):
        predictions.estimated(snapshot(root), WHOSE)


def _some(task: str, n: int = 60) -> tuple[Any, Any]:
    """Targets and predictions as rows of a task have them."""
    chance = random.Random(0)
    if task == "classification":
        return [i % 3 for i in range(n)], np.random.default_rng(0).dirichlet([1, 1, 1], n)
    if task == "multilabel":
        return [[i % 2, 1] for i in range(n)], [[chance.random(), chance.random()] for _ in range(n)]
    if task == "anomaly":
        return [i % 7 == 0 for i in range(n)], [chance.random() for _ in range(n)]
    return [float(i) for i in range(n)], [i + chance.random() for i in range(n)]


@pytest.mark.parametrize("task", [*TASK_KINDS, "telepathy"])
def test_the_page_of_a_refit_of_every_task_says_something(see, tmp_path: Path, task: str) -> None:
    target, prediction = _some(task)
    app = see(refit(tmp_path, task, target, prediction), "trial", id=f"{NAME}/3-0")
    words = {
        "classification": "Expected calibration error",
        "multilabel": "60 rows; a label is said from a probability of 50 % on\\.",
        "anomaly": "How scores are spread over 51 usual rows and 9 anomalies.",
        "generation": "What is generated has no target",
        "representation": "A representation predicts nothing",
        "telepathy": "This page does not know the task 'telepathy'",
    }.get(task, "Every row is a mark. Above the dashed line, the prediction is too low.")
    assert words in said(app)
    assert app.metric[0].value != "-"


def test_a_refit_without_predictions_says_so(see, tmp_path: Path) -> None:
    score, *_ = rows.entry(f"{NAME}/3", 0.1, n_seeds=1)
    root = rows.write(tmp_path, [rows.search("some"), rows.trial(NAME, 3), score])
    assert "No predictions of this refit are in the tables." in said(see(root, "trial", id=f"{NAME}/3-0"))


def test_predictions_that_do_not_fit_are_told_on_the_page(see, tmp_path: Path) -> None:
    root = refit(tmp_path, "regression", np.zeros(4), np.ones(4), {"n_outputs": 3})
    app = see(root, "trial", id=f"{NAME}/3-0")
    assert "The predictions do not fit together" in app.warning[0].value


def test_the_worst_of_very_many_classes_are_shown(see, tmp_path: Path) -> None:
    target = [i % 40 for i in range(200)]
    chosen = np.eye(40)[[(code + 1) % 40 if code < 5 else code for code in target]]
    app = see(refit(tmp_path, "classification", target, chosen), "trial", id=f"{NAME}/3-0")
    assert "30 of 40 classes are shown, those with the most mistakes" in said(app)


def test_charts_draw_every_frame() -> None:
    cells = confusion.confusion(np.array([0, 1]), np.array([1, 1]), 2).cells
    bins = calibration.reliability(np.array([0.3]), np.array([1]))
    few, many = (residuals.residuals(np.arange(50), np.arange(50.0), np.ones(50), most) for most in (99, 9))
    steps = pl.DataFrame({"step": [1, 2], "error": [0.1, 0.2]})
    strange = pl.DataFrame({"low": [0.0], "high": [1.0], "what": ["usual"], "share": [1.0]})
    for drawn in (
        confusion_charts.matrix(cells, ["0", "1"]),
        calibration_charts.reliability(bins, "said", "true"),
        residual_charts.against_prediction(few.points, few.bins, "price"),
        residual_charts.against_prediction(many.points, many.bins, "price"),
        residual_charts.distribution(few.bars),
        residual_charts.by_step(steps),
        residual_charts.strangeness(strange),
    ):
        assert drawn.to_dict()["layer"]
