"""What every baseline must do: serve each task and kind that it names, on classes and inputs of any sort."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from automl import catalog
from automl.baselines import Predict
from automl.signature import Field, Signature
from automl.task import KINDS, Array, Rows, Task, TaskKind

N = 60
CLASSES = ("a", "b", "c")
LABELS = ("w", "x", "y", "z")
LEVELS = (0.1, 0.5, 0.9)
HORIZON, LOOK_BACK, SEASON = 3, 12, 4
NAMES = catalog.names("baseline")
# With `uneven`, sounds and series have lengths of their own, images are wide, and tables of numbers alone.
CASES = [
    (name, kind, task, uneven)
    for name in NAMES
    for kind in KINDS
    for task in KINDS[kind]
    if catalog.baseline(name).fits(kind, task)
    for uneven in (False, True)
]
IDS = ["-".join([name, kind, task, "uneven" if uneven else "even"]) for name, kind, task, uneven in CASES]
# What they say is the same for every row, or is known without learning.
CONSTANT = ("mean", "most_frequent", "quantiles")


def _inputs(kind: str, signal: Array, uneven: bool) -> tuple[dict[str, Array], Signature]:
    """Rows in which the sign and size of `signal` are plain to see."""
    random, n = np.random.default_rng(1), len(signal)
    if kind == "table":
        numbers = np.stack([signal, random.normal(size=n)], axis=1).astype(np.float32)
        inputs = {"numeric": numbers}
        fields = {"numeric": Field((2,))}
        if not uneven:
            inputs["categorical"] = random.integers(0, [3, 400], (n, 2))
            fields["categorical"] = Field((2,), "int64", (3, 400))
        return inputs, Signature(kind, fields, 0)
    if kind == "image":
        shape = (3, 2, 5) if uneven else (1, 4, 4)
        image = signal[:, None, None, None] + random.normal(size=(n, *shape)) / 9
        return {"image": image.astype(np.float32)}, Signature(kind, {"image": Field(shape)}, 0)
    if kind == "text":
        # Of four tokens, the low ones where the signal is low; filled up with 0.
        tokens = 2 + np.digitize(signal[:, None] + random.normal(size=(n, 4)) / 9, [-0.7, 0, 0.7])
        if uneven:
            tokens[np.arange(4) >= random.integers(1, 5, n)[:, None]] = 0
        return {"tokens": tokens}, Signature(kind, {"tokens": Field((4,), "int64", (9,))}, 0)
    lengths = random.integers(250 if kind == "audio" else 5, 401 if kind == "audio" else 13, n)
    if kind == "audio":
        time = np.arange(400) / 8000
        wave = np.sin(2 * np.pi * (1500 + 400 * np.clip(signal, -3, 3))[:, None] * time)
        inputs = {"wave": (wave + random.normal(size=wave.shape) / 99).astype(np.float32)}
        fields, details = {"wave": Field((400,))}, {"sample_rate": 8000}
    else:
        wave = signal[:, None, None] * np.sin(np.arange(12) / 2) + random.normal(size=(n, 2, 12)) / 9
        inputs, fields, details = {"series": wave.astype(np.float32)}, {"series": Field((2, 12))}, {}
    if uneven:
        values = next(iter(inputs.values()))
        values[
            np.broadcast_to(
                np.arange(values.shape[-1]) >= lengths.reshape(-1, *[1] * (values.ndim - 1)), values.shape
            )
        ] = 0
        inputs["length"], fields["length"] = lengths, Field((), "int64")
    return inputs, Signature(kind, fields, 0, details)


def _forecast(uneven: bool) -> tuple[Rows, Signature, Task]:
    """Two waves and, with `uneven`, one more channel in the past and one that is known ahead."""
    step = np.arange(N)[:, None] + np.arange(LOOK_BACK + HORIZON)
    waves = np.stack([np.sin(np.pi * step / 2), np.cos(np.pi * step / 2)], axis=1)  # (rows, 2, steps)
    mean, deviation = np.array([5.0, -20.0]), np.array([2.0, 9.0])
    ahead = waves[:, :, LOOK_BACK:] * deviation[:, None] + mean[:, None]
    past = np.concatenate([waves, step[:, None] / 50], axis=1) if uneven else waves
    inputs = {"past": past[:, :, :LOOK_BACK].astype(np.float32)}
    fields = {"past": Field(inputs["past"].shape[1:])}
    if uneven:
        inputs["future"] = (step[:, None, LOOK_BACK:] / 50).astype(np.float32)
        fields["future"] = Field((1, HORIZON))
    scales = {
        "mean": tuple(np.repeat(mean, HORIZON)),
        "deviation": tuple(np.repeat(deviation, HORIZON)),
        "naive_error": tuple(np.repeat(deviation, HORIZON)),
    }
    task = Task("forecasting", "u,v", targets=("u", "v"), horizon=HORIZON, scales=scales)
    signature = Signature("series", fields, 2 * HORIZON, {"horizon": HORIZON, "season": SEASON})
    return Rows(inputs, ahead.reshape(N, -1), np.arange(N)), signature, task


def make(kind: str, task: TaskKind, uneven: bool = False, n_targets: int = 1) -> tuple[Rows, Signature, Task]:
    """Rows whose target follows one signal in the inputs.

    Class ``b`` and label ``y`` never occur, and label ``z`` always does.
    """
    if task == "forecasting":
        return _forecast(uneven)
    signal = np.random.default_rng(0).normal(size=N)
    inputs, signature = _inputs(kind, signal, uneven)
    codes = np.where(signal > 0, 2, 0).astype(np.int64)
    described, target = Task(task, ""), codes // 2
    if task == "classification":
        described, target = Task(task, "t", CLASSES), codes
    elif task == "multilabel":
        columns = [signal > 0, signal < 0.5, np.zeros(N), np.ones(N)]
        described, target = Task(task, ",".join(LABELS), LABELS), np.stack(columns, 1).astype(np.int64)
    elif task == "quantile":
        described, target = Task(task, "t", scales={"levels": LEVELS}), 1000 + 50 * signal
    elif task == "regression" and n_targets == 1:
        described, target = Task(task, "t"), 1000 + 50 * signal
    elif task == "regression":
        described = Task(task, "t,u", targets=("t", "u"))
        target = np.stack([1000 + 50 * signal, 0.01 * signal - 7], axis=1)
    elif task == "anomaly":
        described, target = Task(task, "t", ("usual", "anomaly")), np.zeros(N, np.int64)
    elif task == "generation":
        target = np.zeros((N, 1))
    shaped = Signature(kind, signature.inputs, described.n_outputs, signature.details)
    return Rows(inputs, target, np.arange(N)), shaped, described


@cache
def _fitted(name: str, kind: str, task: TaskKind, uneven: bool) -> Predict:
    return catalog.baseline(name).fit(*make(kind, task, uneven), 0)


def _predicted(name: str, data: tuple[Rows, Signature, Task], seed: int = 0) -> Any:
    rows, signature, task = data
    return catalog.baseline(name).fit(rows, signature, task, seed)(rows.inputs)


@pytest.mark.parametrize(("name", "kind", "task", "uneven"), CASES, ids=IDS)
def test_it_predicts_in_the_form_that_is_promised(name: str, kind: str, task: TaskKind, uneven: bool) -> None:
    rows, signature, described = make(kind, task, uneven)
    predicted = _fitted(name, kind, task, uneven)(rows.inputs)
    if task == "generation":
        assert set(predicted) == set(signature.inputs)
        for field, values in predicted.items():
            assert values.shape == rows.inputs[field].shape
            assert values.dtype == rows.inputs[field].dtype
            assert np.isfinite(values).all()
        return
    assert np.isfinite(predicted).all()
    if task == "representation":
        assert predicted.ndim == 2
        assert len(predicted) == N
    elif task == "quantile":
        assert predicted.shape == (N, len(LEVELS))
        assert (np.diff(predicted, axis=1) >= 0).all()
    elif task in ("classification", "multilabel"):
        assert predicted.shape == (N, described.n_outputs)
        assert ((predicted >= 0) & (predicted <= 1)).all()
    else:
        assert predicted.shape == rows.target.shape
    if task == "classification":
        np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-6)
        assert (predicted[:, 1] < 0.2).all()
    if task == "multilabel":
        np.testing.assert_allclose(predicted[:, 2:], np.tile([0.0, 1.0], (N, 1)))
    if task == "regression":
        assert abs(predicted.mean() - rows.target.mean()) < 10


@pytest.mark.parametrize(("name", "kind", "task", "uneven"), CASES, ids=IDS)
def test_the_same_seed_gives_the_same(name: str, kind: str, task: TaskKind, uneven: bool) -> None:
    data = make(kind, task, uneven)
    one, two = (_predicted(name, data, seed=3) for _ in range(2))
    if not isinstance(one, dict):
        one, two = {"all": one}, {"all": two}
    for part in one:
        np.testing.assert_array_equal(one[part], two[part])


@pytest.mark.parametrize(("name", "kind", "task", "uneven"), CASES, ids=IDS)
def test_it_stands_one_row_and_inputs_unlike_those_of_training(
    name: str, kind: str, task: TaskKind, uneven: bool
) -> None:
    rows, signature, _ = make(kind, task, uneven)
    predict = _fitted(name, kind, task, uneven)
    for field, spec in signature.inputs.items():
        other = {key: values[:1].copy() for key, values in rows.inputs.items()}
        other[field][:] = 0 if spec.dtype == "int64" else 1e3
        found = predict(other)
        for part in found.values() if isinstance(found, dict) else [found]:
            assert len(part) == 1
            assert np.isfinite(part).all()


LEARNT = ("classification", "multilabel", "regression", "quantile", "forecasting")


@pytest.mark.parametrize(
    ("name", "kind", "task", "uneven"),
    [case for case in CASES if case[0] not in CONSTANT and case[2] in LEARNT and case[0] != "last_value"],
)
def test_it_learns_what_is_plain(name: str, kind: str, task: TaskKind, uneven: bool) -> None:
    rows, *_ = make(kind, task, uneven)
    predicted = _fitted(name, kind, task, uneven)(rows.inputs)
    if task == "classification":
        assert (predicted.argmax(axis=1) == rows.target).mean() > 0.85
    elif task == "multilabel":
        assert ((predicted > 0.5) == rows.target).mean() > 0.9
    elif task == "forecasting":
        assert np.abs(predicted - rows.target).max() < 1
    else:
        middle = predicted[:, 1] if task == "quantile" else predicted
        assert np.corrcoef(middle, rows.target)[0, 1] > 0.8


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name, kind, task, uneven in CASES if task == "regression" and not uneven],
)
def test_several_outputs_are_predicted_each_in_its_own_units(name: str, kind: str) -> None:
    rows, signature, described = make(kind, "regression", n_targets=2)
    predicted = _predicted(name, (rows, signature, described))
    assert predicted.shape == (N, 2)
    np.testing.assert_allclose(predicted.mean(axis=0), rows.target.mean(axis=0), rtol=0.01)
    if name not in CONSTANT:
        for j in range(2):
            assert np.corrcoef(predicted[:, j], rows.target[:, j])[0, 1] > 0.8


@pytest.mark.parametrize(
    ("name", "kind", "task"),
    [case[:3] for case in CASES if case[2] in ("classification", "multilabel", "regression") and not case[3]],
)
def test_it_stands_a_target_that_is_always_the_same(name: str, kind: str, task: TaskKind) -> None:
    rows, signature, described = make(kind, task)
    target = np.zeros_like(rows.target)
    same = Rows(rows.inputs, target, rows.index)
    predicted = _predicted(name, (same, signature, described))
    expected = np.eye(3)[target] if task == "classification" else target
    np.testing.assert_allclose(predicted, expected, atol=1e-6)


def test_baselines_fit_what_data_of_a_kind_can_be_asked() -> None:
    for name in NAMES:
        baseline = catalog.baseline(name)
        assert baseline.summary
        assert any(baseline.fits(kind, task) for kind in baseline.kinds for task in baseline.tasks)
        assert not any(baseline.fits("text", task) for task in ("anomaly", "generation", "forecasting"))
        assert not baseline.fits("video", "classification")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_and_task_has_a_baseline(kind: str) -> None:
    for task in KINDS[kind]:
        assert any(catalog.baseline(name).fits(kind, task) for name in NAMES), (kind, task)


def test_what_is_constant_is_what_training_had() -> None:
    rows, *_ = data = make("table", "classification")
    np.testing.assert_allclose(
        _predicted("most_frequent", data)[0], np.bincount(rows.target, minlength=3) / N
    )
    rows, *_ = data = make("table", "multilabel")
    np.testing.assert_allclose(_predicted("most_frequent", data)[0], rows.target.mean(axis=0))
    rows, *_ = data = make("table", "quantile")
    np.testing.assert_allclose(_predicted("quantiles", data)[0], np.quantile(rows.target, LEVELS))


def test_categories_alone_are_enough() -> None:
    rows, signature, described = make("table", "classification")
    only = Rows({"categorical": rows.inputs["categorical"]}, rows.target, rows.index)
    fields = {"categorical": signature.inputs["categorical"]}
    for name in NAMES:
        if catalog.baseline(name).fits("table", "classification"):
            predicted = _predicted(name, (only, Signature("table", fields, 3), described))
            assert predicted.shape == (N, 3)
