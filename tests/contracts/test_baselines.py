"""What every baseline must do: serve each task and kind that it names, on classes and inputs of any sort."""

from __future__ import annotations

import numpy as np
import pytest

from automl import catalog
from automl.task import Field, Rows, Signature, Task, TaskKind

N = 60
CLASSES = ("a", "b", "c")
CASES = [
    (name, kind, task)
    for name in catalog.names("baseline")
    for kind in catalog.baseline(name).kinds
    for task in catalog.baseline(name).tasks
]


def make(kind: str, task: TaskKind) -> tuple[Rows, Signature, Task]:
    """Rows whose target follows their first number; class ``b`` never occurs."""
    random = np.random.default_rng(0)
    signal = random.normal(size=N)
    if kind == "image":
        inputs = {
            "image": (signal[:, None, None, None] + random.normal(size=(N, 1, 4, 4)) / 9).astype(np.float32)
        }
        fields = {"image": Field((1, 4, 4))}
    else:
        numbers = np.stack([signal, random.normal(size=N)], axis=1).astype(np.float32)
        codes = random.integers(0, [3, 400], (N, 2))
        inputs = {"numeric": numbers, "categorical": codes}
        fields = {"numeric": Field((2,)), "categorical": Field((2,), "int64", (3, 400))}
    is_class = task == "classification"
    target = np.where(signal > 0, 2, 0).astype(np.int64) if is_class else 1000 + 50 * signal
    described = Task(task, "y", CLASSES if is_class else ())
    return Rows(inputs, target, np.arange(N)), Signature(kind, fields, described.n_outputs), described


@pytest.mark.parametrize(("name", "kind", "task"), CASES)
def test_it_predicts_in_the_form_that_is_promised(name: str, kind: str, task: TaskKind) -> None:
    rows, signature, described = make(kind, task)
    baseline = catalog.baseline(name)
    assert baseline.fits(kind, task)
    predicted = baseline.fit(rows, signature, described, 0)(rows.inputs)
    assert np.isfinite(predicted).all()
    if task == "regression":
        assert predicted.shape == (N,)
        assert abs(predicted.mean() - rows.target.mean()) < 10
        return
    assert predicted.shape == (N, 3)
    np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-6)
    assert (predicted[:, 1] < 0.2).all()


@pytest.mark.parametrize(("name", "kind", "task"), CASES)
def test_the_same_seed_gives_the_same(name: str, kind: str, task: TaskKind) -> None:
    rows, signature, described = make(kind, task)
    one, two = (catalog.baseline(name).fit(rows, signature, described, 3)(rows.inputs) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("name", "kind", "task"), [case for case in CASES if case[0] in ("linear", "gradient_boosting")]
)
def test_it_learns_what_is_plain(name: str, kind: str, task: TaskKind) -> None:
    rows, signature, described = make(kind, task)
    predicted = catalog.baseline(name).fit(rows, signature, described, 0)(rows.inputs)
    if task == "classification":
        assert (predicted.argmax(axis=1) == rows.target).mean() > 0.9
    else:
        assert np.corrcoef(predicted, rows.target)[0, 1] > 0.9


def test_the_share_of_each_class_is_what_most_frequent_gives() -> None:
    rows, signature, described = make("table", "classification")
    predicted = catalog.baseline("most_frequent").fit(rows, signature, described, 0)(rows.inputs)
    np.testing.assert_allclose(predicted[0], np.bincount(rows.target, minlength=3) / N)


def test_categories_alone_are_enough() -> None:
    rows, signature, described = make("table", "classification")
    only = Rows({"categorical": rows.inputs["categorical"]}, rows.target, rows.index)
    fields = {"categorical": signature.inputs["categorical"]}
    for name in catalog.names("baseline"):
        if catalog.baseline(name).fits("table", "classification"):
            predict = catalog.baseline(name).fit(only, Signature("table", fields, 3), described, 0)
            assert predict(only.inputs).shape == (N, 3)
