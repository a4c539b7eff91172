"""A user's own family that goes wrong: one failed trial with its reason, and the search goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toys import NETWORK, write_table

import automl
from automl.api import SearchResult
from automl.execution.local import LocalExecutor
from automl.store import open_store
from automl.store.tables import scan
from benchmarks.faults.bench import FAMILY

# What a trial does is a parameter: {body} is the family's own loop.
LOOP = (
    NETWORK
    + """
def train(run):
    if run.configuration["how"] == "badly":
        {body}
    for number in range(1, run.epochs + 1):
        yield Epoch(number, 0.5, {{metric.name: run.configuration["x"] + 1 / number for metric in run.metrics}})

FAMILY = Family(name="own", kinds=("table",), source="a test", build=build, train=train,
                space={{"x": Float(0.0, 1.0), "how": Choice(("well", "badly"))}})
"""
)


def search(folder: Path, family: Path, **changes: Any) -> SearchResult:
    spec = {
        "name": "own",
        "data": {"path": str(write_table(folder / "toy.csv")), "target": "price"},
        "families": [{"file": str(family)}],
        "budget": {"trials": 8, "epochs": 4},
        "finalists": {"top": 1, "seeds": 1},
        "search": {"rungs": "none", "sampler": "random"},
    }
    return automl.search(spec | changes, store=folder / "store", executor=LocalExecutor())


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [
        ("raise KeyError('mine')", "error", "KeyError: 'mine'"),
        ("return", "error", "the training loop yielded no epoch."),
        (
            "yield Epoch(1, 0.5, {metric.name: float('nan') for metric in run.metrics})",
            "diverged",
            "The validation rmse was nan in epoch 1.",
        ),
        ("yield Epoch(1, float('inf'), {})", "diverged", "The training loss was inf in epoch 1."),
        ("yield Epoch(1, 0.5, {})", "diverged", "The validation rmse was nan in epoch 1."),
        (
            "yield Epoch(1, 0.5, {metric.name: 1.0 for metric in run.metrics}); yield Epoch(2, 0.5, {})",
            "diverged",
            "The validation rmse was nan in epoch 2.",
        ),
        (
            "yield Epoch(1, 0.5, {metric.name: 'low' for metric in run.metrics})",
            "error",
            "The validation rmse must be a number, but was 'low' in epoch 1.",
        ),
        (
            "yield Epoch(1, None, {metric.name: 1.0 for metric in run.metrics})",
            "error",
            "The training loss must be a number, but was 'None' in epoch 1.",
        ),
        ("yield 7", "error", "AttributeError: 'int' object has no attribute 'train_loss'"),
    ],
)
def test_loop_that_goes_wrong_is_a_failed_trial(tmp_path: Path, body: str, reason: str, message: str) -> None:
    family = tmp_path / "own.py"
    family.write_text(LOOP.format(body=body))
    result = search(tmp_path, family)
    assert result.state == "complete"
    rows = result.trials()
    failed = rows.filter(state="failed")
    assert 0 < failed.height < 8
    assert rows.height == 8
    assert set(failed["reason"]) == {reason}
    assert set(failed["message"]) == {message}


@pytest.mark.parametrize(
    ("fault", "reason", "parts"), [("fail", "error", []), ("exhaust", "out_of_memory_host", [2])]
)
def test_network_that_fails_in_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, reason: str, parts: list[int]
) -> None:
    """Out of memory is tried once more, with half the batch at a time; a mistake is not."""
    monkeypatch.setenv("FAULTS", fault)
    monkeypatch.setenv("FAULT_FOLDER", str(tmp_path))
    assert search(tmp_path, FAMILY).state == "complete"
    rows = scan(open_store(tmp_path / "store"), "trials").collect()
    (failed,) = rows.filter(state="failed").iter_rows(named=True)
    assert (failed["reason"], failed["attempt"], failed["micro_batches"]) == (reason, 1, 1)
    again = rows.filter(trial=failed["trial"], attempt=2)
    assert again["micro_batches"].to_list() == parts
    assert set(again["state"]) <= {"complete"}
    assert rows.height == 8 + len(parts)
