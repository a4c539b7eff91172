"""Small rows of every kind of data, for tests over whatever is in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automl.signature import Field, Signature
from automl.task import LABELLED, Array, Rows, Task, TaskKind

LEVELS = (0.1, 0.5, 0.9)
HORIZON = 3
TARGETS = ("a", "b")
TASKS: dict[TaskKind, Task] = {
    "classification": Task("classification", "y", ("a", "b", "c")),
    "multilabel": Task("multilabel", "y", ("a", "b", "c")),
    "regression": Task("regression", "y"),
    "quantile": Task("quantile", "y", scales={"levels": LEVELS}),
    "forecasting": Task(
        "forecasting",
        "a, b",
        targets=TARGETS,
        horizon=HORIZON,
        scales={
            "naive_error": (1.0, 2.0) * HORIZON,
            "deviation": (1.0,) * 6,
            "mean": (0.0,) * 6,
        },
    ),
    "anomaly": Task("anomaly", "y", ("0", "1")),
    "generation": Task("generation", ""),
    "representation": Task("representation", "y", ("a", "b", "c")),
}
# What data of each kind may look like: a table without categories, without numbers, and with both; a small
# grey image and a larger coloured one that is not square; rows of one length and of several.
INPUTS: Mapping[str, list[dict[str, Field]]] = {
    "table": [
        {"numeric": Field((5,)), "categorical": Field((2,), "int64", (4, 3))},
        {"numeric": Field((5,))},
        {"categorical": Field((2,), "int64", (4, 3))},
    ],
    "image": [{"image": Field((1, 8, 8))}, {"image": Field((3, 17, 12))}],
    "text": [{"tokens": Field((9,), "int64", (30,))}, {"tokens": Field((1,), "int64", (5,))}],
    "audio": [
        {"wave": Field((400,))},
        {"wave": Field((900,)), "length": Field((), "int64", (901,))},
        {"wave": Field((20,)), "length": Field((), "int64", (21,))},
    ],
    "series": [
        {"series": Field((1, 16))},
        {"series": Field((3, 21)), "length": Field((), "int64", (22,))},
        {"series": Field((2, 4))},
    ],
}
PASTS: list[dict[str, Field]] = [
    {"past": Field((2, 12))},
    {"past": Field((4, 10)), "future": Field((2, HORIZON))},
    {"past": Field((2, 2))},
]


def shapes(kind: str, task: TaskKind) -> list[dict[str, Field]]:
    """The sets of fields to try."""
    return PASTS if task == "forecasting" else list(INPUTS[kind])


def signature_of(kind: str, task: TaskKind, place: int = 0) -> Signature:
    details = {"audio": {"sample_rate": 8000}}.get(kind, {})
    if task == "forecasting":
        details = {"horizon": HORIZON, "season": 2}
    fields = shapes(kind, task)
    return Signature(kind, fields[place % len(fields)], TASKS[task].n_outputs, details)


def random_inputs(signature: Signature, n_rows: int, seed: int = 0) -> dict[str, Array]:
    """Rows of noise; where lengths differ, there are zeros after each row's end."""
    rng = np.random.default_rng(seed)
    inputs: dict[str, Array] = {}
    for name, field in signature.inputs.items():
        if field.dtype == "int64":
            low = 1 if name == "length" else 0
            inputs[name] = rng.integers(low, field.cardinalities, (n_rows, *field.shape), dtype=np.int64)
        else:
            inputs[name] = rng.normal(size=(n_rows, *field.shape)).astype(np.float32)
    if "length" in inputs:
        for name in inputs.keys() - {"length"}:
            n_steps = inputs[name].shape[-1]
            inside = np.arange(n_steps) < inputs["length"][:, None]
            inputs[name] *= inside if inputs[name].ndim == 2 else inside[:, None]
    if "tokens" in inputs:
        n_tokens = inputs["tokens"].shape[1]
        ends = rng.integers(1, n_tokens + 1, (n_rows, 1))
        inputs["tokens"] = np.where(np.arange(n_tokens) < ends, np.maximum(inputs["tokens"], 1), 0)
    return inputs


def toy_rows(signature: Signature, task: Task, n_rows: int, seed: int) -> Rows:
    """Rows whose target is plain to see in their first field, whatever kind they are of."""
    inputs = random_inputs(signature, n_rows, seed)
    random = np.random.default_rng(seed + 1000)
    signal = random.normal(size=n_rows)
    name = next(iter(inputs))
    if signature.kind == "text":
        tokens = inputs["tokens"]
        tokens[:, 0] = np.clip(np.round(10 + 3 * signal), 2, 20)
        tokens[:, -1] = np.where(tokens[:, -1] > 0, tokens[:, 0], 0)
    elif signature.kind == "audio":
        steps = np.arange(inputs["wave"].shape[1])
        pitch = 0.3 + 0.1 * np.clip(signal, -2, 2)
        inputs["wave"] = (np.sin(pitch[:, None] * steps) + inputs["wave"] * 0.05).astype(np.float32)
    elif signature.kind in ("image", "series"):
        over = signal.reshape(-1, *[1] * (inputs[name].ndim - 1))
        inputs[name] = (inputs[name] * 0.3 + over).astype(np.float32)
    elif name == "numeric":
        inputs[name][:, 0] = signal
    else:
        signal = inputs[name][:, 0] - 1.5
    return Rows(inputs, toy_target(task, signal, inputs), np.arange(n_rows))


def toy_target(task: Task, signal: Array, inputs: Mapping[str, Array]) -> Array:
    codes = np.digitize(signal, [-0.5, 0.5])
    if task.kind in ("classification", "representation"):
        return codes
    if task.kind == "multilabel":
        return np.stack([signal > -0.5, signal > 0.5, codes == 1], axis=1).astype(np.int64)
    if task.kind == "forecasting":
        last = inputs["past"][:, : len(TARGETS)].mean(axis=2)
        return np.repeat(last, HORIZON, axis=1).astype(np.float64)
    if task.kind == "anomaly":
        return (np.abs(signal) > 1.5).astype(np.int64)
    if task.kind == "generation":
        return toy_features(inputs)
    return np.asarray(signal, np.float64)


def toy_features(inputs: Mapping[str, Array]) -> Array:
    """What generated rows are compared by here: some of their numbers."""
    flat = [np.asarray(v, np.float64).reshape(len(v), -1)[:, :4] for v in inputs.values()]
    return np.concatenate(flat, axis=1)


def is_labelled(task: TaskKind) -> bool:
    return task in LABELLED
