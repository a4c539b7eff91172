"""A search in which everything or most fails gives up early, and says the commonest error first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toys import NETWORK, write_table

import automl
from automl.api import SearchResult
from automl.execution.local import LocalExecutor

FAMILY = (
    NETWORK
    + """
def train(run):
    x = run.configuration["x"]
    {body}
    yield Epoch(1, 0.5, {{metric.name: x for metric in run.metrics}})

FAMILY = Family(name="own", kinds=("table",), source="a test", build=build, train=train, space={{"x": Float(0.0, 1.0)}})
"""
)


def search(folder: Path, body: str, n_trials: int, **changes: Any) -> SearchResult:
    family = folder / "own.py"
    family.write_text(FAMILY.format(body=body))
    spec = {
        "name": "own",
        "data": {"path": str(write_table(folder / "toy.csv")), "target": "price"},
        "families": [{"file": str(family)}],
        "budget": {"trials": n_trials, "epochs": 1},
        "finalists": {"top": 1, "seeds": 1},
        "search": {"sampler": "random"},
    }
    return automl.search(spec | changes, store=folder / "store", executor=LocalExecutor())


def test_messages_that_differ_in_their_numbers_are_one_error(tmp_path: Path) -> None:
    result = search(tmp_path, "raise ValueError(f'expected 3 channels, but got {x}')", 500)
    assert result.state == "failed"
    rows = result.trials()
    assert rows.height < 20
    assert result.message is not None
    n = rows.height
    assert result.message.startswith(
        f"{n} of {n} trials failed, all with error: ValueError: expected 3 channels, but got 0."
    )
    assert "The first 10 trials all failed with error; the search gave up." in result.message


def test_failures_of_different_kinds_end_a_search_too(tmp_path: Path) -> None:
    body = "if x < 0.5: raise ValueError('a mistake')\n    x = float('nan')"
    result = search(tmp_path, body, 500)
    assert result.state == "failed"
    assert result.trials().height < 30
    assert result.message is not None
    assert "The first 20 trials all failed, " in result.message
    assert " with diverged" in result.message
    assert " with error" in result.message


@pytest.mark.parametrize(
    ("body", "said"), [("if x != 0.5: raise ValueError(f'no {x}')", True), ("pass", False)]
)
def test_search_of_which_most_fails_says_how_many(tmp_path: Path, body: str, said: bool) -> None:
    """The first trial has the default, which is 0.5."""
    result = search(tmp_path, body, 20)
    assert result.state == "complete"
    beginning = "19 of 20 trials failed, all with error: ValueError: no 0."
    assert (result.message or "").startswith(beginning) == said
