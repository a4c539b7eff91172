"""Targets: one column or several, found, inferred, encoded or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from automl.data import prepare
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec

N = 60
RANDOM = np.random.default_rng(0)
FRAME = pl.DataFrame(
    {
        "x": RANDOM.normal(size=N),
        "y": RANDOM.normal(size=N),
        "yes": [i % 2 for i in range(N)],
        "no": ["true" if i % 3 else "false" for i in range(N)],
        "one": RANDOM.normal(size=N),
        "two": RANDOM.normal(size=N) * 100 + 7,
        "tags": ["a|b" if i % 2 else "c; a" if i % 3 else "" for i in range(N)],
        "state": ["fine" if i % 10 else "broken" for i in range(N)],
        "kind": ["p", "q", "r"] * (N // 3),
    }
)


@pytest.fixture
def table(tmp_path: Path) -> str:
    FRAME.write_csv(tmp_path / "rows.csv")
    return str(tmp_path / "rows.csv")


def of(table: str, target: Any, task: Any = "auto", **data: Any) -> Any:
    names = [target] if isinstance(target, str) else target or []
    types = {name: "ignore" for name in FRAME.columns[2:] if name not in names}
    return prepare(DataSpec(path=table, target=target, types=types, **data), SplitSpec(), task)


def test_several_columns_of_yes_and_no_are_labels(table: str) -> None:
    prepared = of(table, ["yes", "no"])
    assert (prepared.task.kind, prepared.task.classes) == ("multilabel", ("yes", "no"))
    assert prepared.task.columns == ("yes", "no")
    expected = np.stack([FRAME["yes"].to_numpy(), (FRAME["no"] == "true").cast(int).to_numpy()], axis=1)
    np.testing.assert_array_equal(prepared.test.target, expected[prepared.test.index])
    assert "task: multilabel, as yes, no say yes or no" in prepared.notes


def test_one_column_may_list_labels(table: str) -> None:
    prepared = of(table, "tags", "multilabel")
    assert prepared.task.classes == ("a", "b", "c")
    for row, target in zip(prepared.train.index, prepared.train.target, strict=True):
        text = FRAME["tags"][int(row)] or ""
        assert target.tolist() == [int(name in text) for name in "abc"]
    assert len(prepared.train) + len(prepared.validation) + len(prepared.test) == N  # none has to have one


def test_several_numbers_are_standardised_each_by_itself(table: str) -> None:
    prepared = of(table, ["one", "two"])
    assert prepared.task.kind == "regression"
    assert prepared.signature.n_outputs == 2
    scale = prepared.target_scale
    np.testing.assert_allclose(scale.mean, prepared.train.target.mean(axis=0))
    standard = scale.standardised(prepared.train.target)
    np.testing.assert_allclose(standard.std(axis=0), 1)
    np.testing.assert_allclose(scale.own_units(standard), prepared.train.target)


def test_the_anomaly_is_the_rarer_value(table: str) -> None:
    prepared = of(table, "state", "anomaly")
    assert prepared.task.classes == ("fine", "broken")
    assert prepared.train.target.mean() < 0.5
    assert "'broken' of state is taken for the anomaly, as it is rarer than 'fine'" in prepared.notes


def test_generation_needs_no_target(table: str) -> None:
    prepared = of(table, None, "generation")
    assert prepared.task.columns == ()
    assert prepared.train.target.shape == (len(prepared.train), prepared.validation.target.shape[1])
    numbers = of(table, None, "generation").train.target
    np.testing.assert_array_equal(numbers, prepared.train.target)


@pytest.mark.parametrize(
    ("target", "task", "message"),
    [
        (["one", "two"], "quantile", "task: quantile takes one target, but got 2: one, two."),
        (["yes", "no"], "classification", "task: classification takes one target, but got 2: yes, no."),
        (
            "kind",
            "anomaly",
            "task: anomaly needs a target of two values, usual and anomalous, to be judged by, but kind has 3: "
            "p, q, r.",
        ),
        (
            ["yes", "kind"],
            "auto",
            "The target kind should be a number for regression, but 60 of its 60 values are not, such as 'p'. "
            "Correct them, or set task: classification.",
        ),
        (
            ["yes", "kind"],
            "multilabel",
            "The label kind should say yes or no (1 or 0, true or false), but holds ",
        ),
        (["yes", "nope"], "auto", "The data rows has no column 'nope' to be the target; did you mean no?"),
    ],
)
def test_what_does_not_fit_is_refused(table: str, target: Any, task: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        of(table, target, task)
    assert str(caught.value).startswith(message)


def test_labels_that_training_never_had_are_refused(tmp_path: Path, table: str) -> None:
    other = FRAME.head(5).with_columns(tags=pl.lit("a|z"))
    other.write_csv(tmp_path / "test.csv")
    types: Any = {name: "ignore" for name in FRAME.columns[2:] if name != "tags"}
    with pytest.raises(
        DataError, match=r"^The target tags has 1 class that the training rows never have: 'z'\."
    ):
        prepare(
            DataSpec(path=table, target="tags", types=types),
            SplitSpec(test=str(tmp_path / "test.csv")),
            "multilabel",
        )


def test_tables_come_back_from_their_encoding(table: str) -> None:
    prepared = of(table, "one", "regression")
    back = prepared.preprocessing.decode(prepared.train.inputs).frame
    rows = FRAME[prepared.train.index.tolist()]
    for name in ("x", "y"):
        np.testing.assert_allclose(back[name].to_numpy(), rows[name].to_numpy(), atol=0.4)
