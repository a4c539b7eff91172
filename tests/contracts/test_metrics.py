"""Every metric keeps the contract of `automl.task.Metric`; new files are picked up by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from automl import catalog
from automl.intervals import Judged, replicate
from automl.metric import Metric
from automl.task import DEFAULT_METRIC, TASK_KINDS, Array, Task, TaskKind

N = 200
NAMES = catalog.names("metric")
CASES = [(name, task) for name in NAMES for task in catalog.metric(name).tasks]
LEVELS = (0.1, 0.5, 0.9)
# What metrics may need beside predictions: of quantiles, and of forecasts of two targets over three steps.
SCALES = {"levels": LEVELS, "naive_error": (0.5,) * 3 + (2.0,) * 3, "deviation": (1.0,) * 3 + (3.0,) * 3}


def _bound(name: str) -> Metric:
    return catalog.metric(name).bound(SCALES)


def _example(task: TaskKind, size: int = 3, seed: int = 0) -> tuple[Array, Array]:
    """A target with a prediction that is right more often than not; `size` classes, labels or targets."""
    random = np.random.default_rng(seed)
    if task == "classification":
        target = random.integers(0, size, N)
        logits = random.normal(0, 1, (N, size)).round(1) + 0.8 * np.eye(size)[target]
        return target, np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    if task == "multilabel":
        labels = random.integers(0, 2, (N, size))
        return labels, 1 / (1 + np.exp(-(random.normal(0, 1, (N, size)).round(1) + 1.5 * labels - 0.7)))
    if task == "anomaly":
        target = (random.random(N) < 0.2).astype(np.int64)
        return target, random.normal(0, 1, N).round(1) + 1.5 * target
    if task == "quantile":
        values = random.normal(3, 2, N)
        return values, values[:, None] + random.normal(0, 1, (N, 1)) + [-1.0, 0.0, 1.0]
    if task == "representation":
        target = random.integers(0, size, N)
        return target, random.normal(0, 1, (N, 5)) + 2 * np.eye(5)[target]
    if task == "generation":
        return random.normal(3, 2, (N, 4)), random.normal(3.5, 2, (N, 4))
    shape = (N,) if task == "regression" and size == 1 else (N, 6 if task == "forecasting" else size)
    numbers = random.normal(3, 2, shape)
    return numbers, numbers + random.normal(0, 1, shape)


def _perfect(task: TaskKind, target: Array) -> Array:
    if task == "classification":
        return np.eye(target.max() + 1)[target]
    if task == "representation":
        return np.eye(target.max() + 1)[target]
    return (
        np.repeat(target[:, None], len(LEVELS), axis=1) if task == "quantile" else target.astype(np.float64)
    )


# What scikit-learn says of (target, prediction), by metric and task.
def _hard(prediction: Array) -> Array:
    return prediction.argmax(1)


def _of_classes(score: Callable[..., Any]) -> Callable[[Array, Array], Any]:
    """Of two classes the second, of more the mean of one against the rest."""

    def compare(target: Array, prediction: Array) -> Any:
        if prediction.shape[1] == 2:
            return score(target, prediction[:, 1])
        return score(np.eye(prediction.shape[1], dtype=int)[target], prediction, average="macro")

    return compare


def _over_labels(score: Callable[..., Any]) -> Callable[[Array, Array], Any]:
    return lambda y, p: np.mean([score(y[:, j], p[:, j]) for j in range(y.shape[1])])


LABEL_LOG_LOSS = _over_labels(lambda y, p: sklearn_metrics.log_loss(y, p, labels=[0, 1]))
SKLEARN: dict[tuple[str, TaskKind], Callable[[Array, Array], Any]] = {
    ("accuracy", "classification"): lambda y, p: sklearn_metrics.accuracy_score(y, _hard(p)),
    ("accuracy", "multilabel"): lambda y, p: sklearn_metrics.accuracy_score(y, p > 0.5),
    ("balanced_accuracy", "classification"): lambda y, p: sklearn_metrics.balanced_accuracy_score(
        y, _hard(p)
    ),
    ("f1", "classification"): lambda y, p: sklearn_metrics.f1_score(y, _hard(p), average="macro"),
    ("f1", "multilabel"): lambda y, p: sklearn_metrics.f1_score(y, p > 0.5, average="macro"),
    ("log_loss", "classification"): lambda y, p: sklearn_metrics.log_loss(y, p, labels=np.arange(p.shape[1])),
    ("log_loss", "multilabel"): LABEL_LOG_LOSS,
    ("auroc", "classification"): _of_classes(sklearn_metrics.roc_auc_score),
    ("auroc", "multilabel"): lambda y, p: sklearn_metrics.roc_auc_score(y, p, average="macro"),
    ("auroc", "anomaly"): sklearn_metrics.roc_auc_score,
    ("average_precision", "classification"): _of_classes(sklearn_metrics.average_precision_score),
    ("average_precision", "multilabel"): lambda y, p: sklearn_metrics.average_precision_score(y, p),
    ("average_precision", "anomaly"): sklearn_metrics.average_precision_score,
    ("brier", "classification"): lambda y, p: np.mean(np.sum((np.eye(p.shape[1])[y] - p) ** 2, axis=1)),
    ("brier", "multilabel"): _over_labels(sklearn_metrics.brier_score_loss),
    ("rmse", "regression"): sklearn_metrics.root_mean_squared_error,
    ("rmse", "forecasting"): sklearn_metrics.root_mean_squared_error,
    ("mae", "regression"): sklearn_metrics.mean_absolute_error,
    ("mae", "forecasting"): sklearn_metrics.mean_absolute_error,
    ("r2", "regression"): sklearn_metrics.r2_score,
    ("pinball", "quantile"): lambda y, p: np.mean(
        [sklearn_metrics.mean_pinball_loss(y, p[:, j], alpha=level) for j, level in enumerate(LEVELS)]
    ),
}

# Worked by hand: three rows of two classes, the last one wrong; three values, the last one off by 2.
CODES, PROBABILITIES = np.array([0, 1, 1]), np.array([[1.0, 0.0], [0.0, 1.0], [0.75, 0.25]])
VALUES, PREDICTED = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0])
BY_HAND = {
    "accuracy": (CODES, PROBABILITIES, 2 / 3),
    "balanced_accuracy": (CODES, PROBABILITIES, (1 + 1 / 2) / 2),
    "f1": (CODES, PROBABILITIES, (2 / 3 + 2 / 3) / 2),
    "log_loss": (CODES, PROBABILITIES, np.log(4) / 3),
    "auroc": (CODES, PROBABILITIES, 1.0),
    "average_precision": (CODES, 1 - PROBABILITIES, 1 / 2 * 1 / 2 + 1 / 2 * 2 / 3),
    "brier": (CODES, PROBABILITIES, 2 * 0.75**2 / 3),
    "rmse": (VALUES, PREDICTED, np.sqrt(4 / 3)),
    "mae": (VALUES, PREDICTED, 2 / 3),
    "r2": (VALUES, PREDICTED, 1 - 4 / 2),
    "pinball": (VALUES, np.stack([PREDICTED] * 3, axis=1), (0.9 * 2 + 0.5 * 2 + 0.1 * 2) / 9),
}


@pytest.mark.parametrize("task", TASK_KINDS)
def test_every_kind_of_task_has_its_default_metric(task: TaskKind) -> None:
    assert task in catalog.metric(DEFAULT_METRIC[task]).tasks


@pytest.mark.parametrize(("name", "task"), CASES)
def test_metric_perfect_is_better_than_chance(name: str, task: TaskKind) -> None:
    metric = _bound(name)
    target, _ = _example(task)
    perfect = _perfect(task, target)
    best = metric.compute(target, perfect)
    mixed = np.random.default_rng(1).permutation(N)
    if task == "generation":  # rows that are the real ones in another order are as good; others are not
        assert metric.compute(target, perfect[mixed]) == pytest.approx(best)
        by_chance = metric.compute(target, perfect * 5 + 40)
    else:
        by_chance = metric.compute(target, perfect[mixed])
    assert metric.better(best, by_chance)
    assert not metric.better(by_chance, best)
    assert not metric.better(metric.compute(*_example(task)), best)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_metric_gives_a_float_within_bounds_and_leaves_its_arguments(name: str, task: TaskKind) -> None:
    metric = _bound(name)
    assert metric.summary
    low, high = metric.bounds
    for seed in range(3):
        target, prediction = _example(task, seed=seed)
        kept = target.copy(), prediction.copy()
        for given_prediction in (prediction, prediction.astype(np.float32)):
            score = metric.compute(target, given_prediction)
            assert type(score) is float
            assert low <= score <= high
            assert np.isfinite(score)
        np.testing.assert_array_equal(target, kept[0])
        np.testing.assert_array_equal(prediction, kept[1])


@pytest.mark.parametrize(("name", "task"), CASES)
def test_metric_does_not_ask_in_which_order_the_rows_are(name: str, task: TaskKind) -> None:
    metric = _bound(name)
    target, prediction = _example(task)
    order = np.random.default_rng(2).permutation(N)
    assert metric.compute(target[order], prediction[order]) == pytest.approx(
        metric.compute(target, prediction), rel=1e-9
    )


@pytest.mark.parametrize(
    ("name", "task"), [case for case in CASES if catalog.metric(case[0]).per_row is not None]
)
def test_metric_from_the_means_of_its_rows_is_the_same(name: str, task: TaskKind) -> None:
    metric = _bound(name)
    assert metric.per_row is not None
    for size in (2, 3):
        target, prediction = _example(task, size)
        rows = metric.per_row(target, prediction)
        assert len(rows) == len(target)
        mean = rows.mean(axis=0)
        score = mean if metric.from_mean is None else metric.from_mean(mean)
        assert float(score) == pytest.approx(metric.compute(target, prediction), rel=1e-9)
        if metric.from_mean is not None:  # of many resamples at once
            np.testing.assert_allclose(metric.from_mean(np.stack([mean, mean])), [score, score])


@pytest.mark.parametrize(("name", "task"), CASES)
def test_metric_of_resampled_rows_is_near_the_metric(name: str, task: TaskKind) -> None:
    metric = _bound(name)
    target, prediction = _example(task)
    entries = [Judged(target, [prediction]), Judged(target, [_perfect(task, target)])]
    scores = replicate(entries, metric).scores
    assert np.isfinite(scores).all()
    point = metric.compute(target, prediction)
    # Neighbours that are drawn twice, and too few rows for a distance, move these by more than chance.
    if task not in ("generation", "representation"):
        assert abs(scores[0].mean() - point) < 4 * scores[0].std() + 1e-12


@pytest.mark.parametrize("name", ["auroc", "average_precision"])
@pytest.mark.parametrize("task", ["classification", "multilabel", "anomaly"])
def test_resamples_by_matrix_product_spread_as_those_computed_anew(name: str, task: TaskKind) -> None:
    metric = catalog.metric(name)
    target, prediction = _example(task)
    assert metric.per_row is not None
    assert metric.from_mean is not None
    rows, random = metric.per_row(target, prediction), np.random.default_rng(0)
    drawn = random.integers(0, N, (300, N))
    fast = metric.from_mean(rows[drawn].mean(axis=1))
    anew = [metric.compute(target[chosen], prediction[chosen]) for chosen in drawn]
    assert np.corrcoef(fast, anew)[0, 1] > 0.95
    assert fast.std() == pytest.approx(np.std(anew), rel=0.15)


@pytest.mark.parametrize(
    ("name", "task", "size"),
    # One class is none, and one label or score is among the others.
    [
        (*case, size)
        for case in sorted(SKLEARN)
        for size in ((1, 2, 5) if case[1] == "regression" else (2, 5))
    ],
)
def test_metric_agrees_with_scikit_learn(name: str, task: TaskKind, size: int) -> None:
    for seed in range(3):
        target, prediction = _example(task, size, seed)
        assert _bound(name).compute(target, prediction) == pytest.approx(
            float(SKLEARN[name, task](target, prediction)), rel=1e-12
        )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40))
def test_orders_with_ties_are_judged_as_scikit_learn_does(rows: list[tuple[bool, int]]) -> None:
    target, score = np.array([row[0] for row in rows], np.int64), np.array([row[1] / 3 for row in rows])
    if 0 < target.sum() < len(target):
        for name in ("auroc", "average_precision"):
            found = catalog.metric(name).compute(target, score)
            assert found == pytest.approx(float(SKLEARN[name, "anomaly"](target, score)), rel=1e-12)
    for name in ("auroc", "average_precision"):
        metric = catalog.metric(name)
        assert metric.per_row is not None
        assert metric.from_mean is not None
        means = metric.per_row(target, score).mean(axis=0)
        assert float(metric.from_mean(means)) == pytest.approx(metric.compute(target, score), abs=1e-9)


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_metric_gives_what_was_worked_by_hand(name: str) -> None:
    target, prediction, score = BY_HAND[name]
    assert _bound(name).compute(target, prediction) == pytest.approx(float(score), rel=1e-12)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_metric_stands_missing_classes_and_constant_targets(name: str, task: TaskKind) -> None:
    _, prediction = _example(task)
    target = np.zeros_like(_example(task)[0])
    metric = _bound(name)
    for few in (slice(None), slice(4), slice(1)):
        if task == "generation" and few != slice(None):
            continue  # features are compared over many rows
        assert np.isfinite(metric.compute(target[few], prediction[few]))
        if metric.per_row is not None:
            mean = metric.per_row(target[few], prediction[few]).mean(axis=0)
            score = mean if metric.from_mean is None else metric.from_mean(mean)
            assert np.isfinite(float(score))


@pytest.mark.parametrize("name", ["auroc", "average_precision", "f1"])
def test_labels_that_no_row_has_are_left_out(name: str) -> None:
    metric = catalog.metric(name)
    target, prediction = _example("multilabel")
    with_empty = np.column_stack([target, np.zeros(N, np.int64)])
    more = np.column_stack([prediction, np.linspace(0, 1, N)])
    assert metric.compute(with_empty, more) == pytest.approx(metric.compute(target, prediction))


@pytest.mark.parametrize("name", NAMES)
def test_metric_is_bound_to_what_it_needs(name: str) -> None:
    metric = catalog.metric(name)
    assert metric.bound(SCALES).needs is None
    if metric.needs is None:
        assert metric.bound({}) is metric
        return
    for kind in metric.tasks:
        assert metric.fits(Task(kind, "y", scales=SCALES))
        assert not metric.fits(Task(kind, "y"))


def test_metrics_fit_the_tasks_that_they_name_alone() -> None:
    auroc = catalog.metric("auroc")
    assert auroc.fits(Task("classification", "y", ("no", "yes")))
    assert auroc.fits(Task("classification", "y", ("a", "b", "c")))
    assert auroc.fits(Task("anomaly", "y", ("usual", "anomaly")))
    assert not auroc.fits(Task("regression", "y"))
