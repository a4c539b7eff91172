"""Every metric keeps the contract of `automl.task.Metric`; new files are picked up by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from automl import catalog
from automl.task import Array, Metric, Task

NAMES = catalog.names("metric")

# What scikit-learn says of (codes or values, prediction); a metric that is not here is not compared.
SKLEARN: dict[str, Callable[[Array, Array], Any]] = {
    "accuracy": lambda y, p: sklearn_metrics.accuracy_score(y, p.argmax(1)),
    "balanced_accuracy": lambda y, p: sklearn_metrics.balanced_accuracy_score(y, p.argmax(1)),
    "f1": lambda y, p: sklearn_metrics.f1_score(y, p.argmax(1), average="macro"),
    "log_loss": lambda y, p: sklearn_metrics.log_loss(y, p, labels=np.arange(p.shape[1])),
    "auroc": lambda y, p: sklearn_metrics.roc_auc_score(y, p[:, 1]),
    "brier": lambda y, p: np.mean(np.sum((np.eye(p.shape[1])[y] - p) ** 2, axis=1)),
    "rmse": lambda y, p: sklearn_metrics.root_mean_squared_error(y, p),
    "mae": lambda y, p: sklearn_metrics.mean_absolute_error(y, p),
    "r2": lambda y, p: sklearn_metrics.r2_score(y, p),
}

# Worked by hand: three rows of two classes, the last one wrong; three values, the last one off by 2.
CODES, PROBABILITIES = np.array([0, 1, 1]), np.array([[1.0, 0.0], [0.0, 1.0], [0.75, 0.25]])
VALUES, PREDICTED = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0])
BY_HAND = {
    "accuracy": 2 / 3,
    "balanced_accuracy": (1 + 1 / 2) / 2,
    "f1": (2 / 3 + 2 / 3) / 2,
    "log_loss": np.log(4) / 3,
    "auroc": 1.0,
    "brier": 2 * 0.75**2 / 3,
    "rmse": np.sqrt(4 / 3),
    "mae": 2 / 3,
    "r2": 1 - 4 / 2,
}


def _example(metric: Metric, n_classes: int, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    if "regression" in metric.tasks:
        target = rng.normal(3, 2, 200)
        return target, target + rng.normal(0, 1, 200)
    target = rng.integers(0, n_classes, 200)
    logits = rng.normal(0, 1, (200, n_classes)).round(1) + 0.8 * np.eye(n_classes)[target]
    return target, np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


def _perfect_and_worst(metric: Metric) -> tuple[Array, Array, Array]:
    if "regression" in metric.tasks:
        values = np.array([1.0, 2.0, 4.0])
        return values, values, -values
    target = np.array([0, 1, 0, 1])
    return target, np.eye(2)[target], np.eye(2)[1 - target]


@pytest.mark.parametrize("name", NAMES)
def test_metric_perfect_is_better_than_worst(name: str) -> None:
    metric = catalog.metric(name)
    target, perfect, worst = _perfect_and_worst(metric)
    assert metric.better(metric.compute(target, perfect), metric.compute(target, worst))
    assert not metric.better(metric.compute(target, worst), metric.compute(target, perfect))


@pytest.mark.parametrize("name", NAMES)
def test_metric_gives_a_finite_python_float_and_leaves_its_arguments(name: str) -> None:
    metric = catalog.metric(name)
    target, prediction = _example(metric, 2)
    kept = target.copy(), prediction.copy()
    assert type(metric.compute(target, prediction)) is float
    assert np.isfinite(metric.compute(target, prediction))
    np.testing.assert_array_equal(target, kept[0])
    np.testing.assert_array_equal(prediction, kept[1])
    assert metric.summary


@pytest.mark.parametrize("name", sorted(set(NAMES) & set(SKLEARN)))
@pytest.mark.parametrize("n_classes", [2, 5])
def test_metric_agrees_with_scikit_learn(name: str, n_classes: int) -> None:
    metric = catalog.metric(name)
    if metric.binary_only and n_classes != 2:
        pytest.skip("two classes only")
    for seed in range(3):
        target, prediction = _example(metric, n_classes, seed)
        assert metric.compute(target, prediction) == pytest.approx(
            float(SKLEARN[name](target, prediction)), rel=1e-12
        )


@pytest.mark.parametrize("name", sorted(set(NAMES) & set(BY_HAND)))
def test_metric_gives_what_was_worked_by_hand(name: str) -> None:
    metric = catalog.metric(name)
    example = (VALUES, PREDICTED) if "regression" in metric.tasks else (CODES, PROBABILITIES)
    assert metric.compute(*example) == pytest.approx(float(BY_HAND[name]), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_metric_stands_missing_classes_and_constant_targets(name: str) -> None:
    metric = catalog.metric(name)
    if "regression" in metric.tasks:
        score = metric.compute(np.ones(4), np.array([1.0, 1.0, 1.0, 2.0]))
    else:
        n_classes = 2 if metric.binary_only else 3
        score = metric.compute(np.zeros(4, dtype=np.int64), np.full((4, n_classes), 1 / n_classes))
    assert np.isfinite(score)


@pytest.mark.parametrize("name", [n for n in NAMES if catalog.metric(n).per_row is not None])
def test_metric_from_the_means_of_its_rows_is_the_same(name: str) -> None:
    metric = catalog.metric(name)
    assert metric.per_row is not None
    target, prediction = _example(metric, 2)
    rows = metric.per_row(target, prediction)
    assert len(rows) == len(target)
    mean = rows.mean(axis=0)
    score = mean if metric.from_mean is None else metric.from_mean(mean)
    assert float(score) == pytest.approx(metric.compute(target, prediction), rel=1e-9)


def test_auroc_fits_two_classes_only() -> None:
    auroc = catalog.metric("auroc")
    assert auroc.fits(Task("classification", "y", ("no", "yes")))
    assert not auroc.fits(Task("classification", "y", ("a", "b", "c")))
    assert not auroc.fits(Task("regression", "y"))
