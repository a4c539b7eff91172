"""The whole way from a file to encoded splits, and every reason for which data is refused."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from automl.data import Prepared, prepare
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec

N = 60


def table(**columns: Any) -> pl.DataFrame:
    """Sixty rows: two numbers, a category and two classes, with what is given added or replaced."""
    random = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "width": random.normal(size=N).round(6),
            "height": random.normal(size=N).round(6),
            "colour": random.choice(["red", "green", "blue"], N),
            "kind": ["yes" if i % 3 else "no" for i in range(N)],
        }
    )
    full = {name: values if isinstance(values, list) else [values] * N for name, values in columns.items()}
    return frame.with_columns(pl.Series(name, values, strict=False) for name, values in full.items())


def ready(tmp_path: Path, frame: pl.DataFrame, split: dict[str, Any] | None = None, **data: Any) -> Prepared:
    path = tmp_path / "data.csv"
    frame.write_csv(path)
    task = data.pop("task", "auto")
    return prepare(DataSpec(path=str(path), **{"target": "kind", **data}), SplitSpec(**(split or {})), task)


def refused(tmp_path: Path, frame: pl.DataFrame, split: dict[str, Any] | None = None, **data: Any) -> str:
    with pytest.raises(DataError) as caught:
        ready(tmp_path, frame, split, **data)
    return str(caught.value)


def test_a_table_is_split_and_encoded(tmp_path: Path) -> None:
    prepared = ready(tmp_path, table())
    assert prepared.name == "data"
    assert prepared.task.to_plain() == {"kind": "classification", "target": "kind", "classes": ["no", "yes"]}
    assert prepared.signature.inputs["numeric"].shape == (2,)
    assert prepared.signature.inputs["categorical"].cardinalities == (4,)
    assert [len(rows) for rows in (prepared.train, prepared.validation, prepared.test)] == [36, 12, 12]
    assert prepared.train.inputs["numeric"].dtype == np.float32
    assert prepared.train.inputs["categorical"].dtype == np.int64
    assert prepared.train.target.dtype == np.int64
    assert prepared.notes == (
        "task: classification, as kind is not a number",
        "3 columns: 2 numbers, 1 category",
        "rows: 36 train, 12 validation, 12 test",
    )
    again = pickle.loads(pickle.dumps(prepared))
    np.testing.assert_array_equal(again.test.inputs["numeric"], prepared.test.inputs["numeric"])


def test_rows_without_a_target_are_left_out_aloud_and_places_stay(tmp_path: Path) -> None:
    kinds = [None if i < 10 else "yes" if i % 3 else "no" for i in range(N)]
    prepared = ready(tmp_path, table(kind=kinds))
    assert "left out 10 rows without kind" in prepared.notes
    index = np.concatenate([prepared.train.index, prepared.validation.index, prepared.test.index])
    assert sorted(index.tolist()) == list(range(10, N))


def test_regression_is_scaled_by_the_training_target_alone(tmp_path: Path) -> None:
    target = np.random.default_rng(1).normal(5, 3, N)
    prepared = ready(tmp_path, table(price=target.tolist()), target="price")
    assert prepared.task.kind == "regression"
    assert prepared.target_scale.mean == pytest.approx(prepared.train.target.mean())
    assert prepared.target_scale.deviation == pytest.approx(prepared.train.target.std())
    np.testing.assert_allclose(prepared.test.target, target[prepared.test.index])
    assert prepared.notes[0] == "task: regression, as price has 60 different numbers"


def test_columns_that_tell_nothing_are_ignored_aloud(tmp_path: Path) -> None:
    names = [f"name {i}" for i in range(N)]
    prepared = ready(tmp_path, table(row=list(range(N)), name=names, same=1, none=None))
    assert prepared.notes[1] == (
        "7 columns: 2 numbers, 1 category; ignored: row (identifier), name (identifier), same (constant), "
        "none (empty)"
    )


def test_types_can_be_given(tmp_path: Path) -> None:
    frame = table(size=[i % 4 for i in range(N)])
    assert ready(tmp_path, frame).signature.inputs["numeric"].shape == (3,)
    signature = ready(tmp_path, frame, types={"size": "category", "width": "ignore"}).signature
    assert signature.inputs["numeric"].shape == (1,)
    assert signature.inputs["categorical"].cardinalities == (4, 5)


@pytest.mark.parametrize("place", range(0, N, 7))
def test_numbers_with_some_text_are_numbers_wherever_it_falls(tmp_path: Path, place: int) -> None:
    sizes = ["-" if i == place else str((i * 37 % N) * 1.5) for i in range(N)]
    prepared = ready(tmp_path, table(size=sizes))
    said = "; taken as numbers: size (1 value is not a number and counts as missing)"
    in_training = place in prepared.train.index
    assert prepared.notes[1] == "4 columns: 3 numbers, 1 category" + said * in_training


def test_exact_copies_are_counted_aloud(tmp_path: Path) -> None:
    frame = pl.concat([table()] * 2)
    said = [note for note in ready(tmp_path, frame).notes if "exact copies" in note]
    assert len(said) == 1
    assert said[0].endswith("split.by a column that copies share keeps them in one split")


def test_a_sample_of_rows_is_stratified(tmp_path: Path) -> None:
    prepared = ready(tmp_path, table(), max_rows=30)
    assert len(prepared.train) + len(prepared.validation) + len(prepared.test) == 30
    assert "a sample of 30 rows, as max_rows is 30" in prepared.notes


def test_groups_stay_together_and_are_kept(tmp_path: Path) -> None:
    groups = [f"g{i % 12}" for i in range(N)]
    prepared = ready(tmp_path, table(patient=groups), split={"by": "patient"})
    parts = [prepared.train, prepared.validation, prepared.test]
    own = [{groups[place] for place in rows.index} for rows in parts]
    assert sum(map(len, own)) == 12
    assert all(rows.groups is not None for rows in parts)
    assert "ignored: patient (the rows are split by it)" in prepared.notes[1]


def test_time_is_read_from_dates(tmp_path: Path) -> None:
    days = [f"{(i * 7) % 28 + 1}/{i % 12 + 1}/2024" for i in range(N)]
    prepared = ready(tmp_path, table(day=days), split={"time": "day"})
    when = [tuple(map(int, reversed(days[place].split("/")))) for place in range(N)]
    assert max(when[i] for i in prepared.train.index) <= min(when[i] for i in prepared.test.index)


def test_given_files_are_the_splits(tmp_path: Path) -> None:
    frame = table()
    frame[40:].select(reversed(frame.columns)).write_csv(tmp_path / "test.csv")
    prepared = ready(tmp_path, frame[:40], split={"test": str(tmp_path / "test.csv")})
    assert prepared.test.index.tolist() == list(range(40, 60))
    assert len(prepared.validation) == 8
    (tmp_path / "moved").mkdir()
    (tmp_path / "test.csv").rename(tmp_path / "moved" / "t.csv")
    again = ready(tmp_path, frame[:40], split={"test": str(tmp_path / "moved" / "t.csv")})
    assert (again.split_id, again.fingerprint) == (prepared.split_id, prepared.fingerprint)
    other = ready(tmp_path, frame[:40], split={"test": 0.3})
    assert other.split_id != prepared.split_id
    assert other.fingerprint == prepared.fingerprint


def test_given_files_with_other_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    table().rename({"width": "widths"}).write_csv(path)
    assert refused(tmp_path, table(), split={"test": str(path)}) == (
        f"{path} should have the columns of the other rows, but has no 'width'; did you mean widths?"
    )
    table(width=["x"] * N).write_csv(path)
    assert refused(tmp_path, table(), split={"test": str(path)}) == (
        f"The column width in {path} should hold Float64 as the other rows, but holds String, such as 'x'. "
        "Write both files in one form."
    )
    table(kind=["maybe"] * N).write_csv(path)
    assert refused(tmp_path, table(), split={"test": str(path)}) == (
        "The target kind has 1 class that the training rows never have: 'maybe'. Training has: no, yes. "
        "Leave these "
        "rows out, or train with them."
    )


def test_given_splits_of_the_source_are_used_aloud(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    x = np.random.default_rng(0).integers(0, 256, (50, 4, 4), np.uint8)
    y = np.arange(50) % 2
    np.savez(path, x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    prepared = prepare(DataSpec(path=str(path)), SplitSpec(), "auto")
    assert prepared.test.index.tolist() == list(range(40, 50))
    assert len(prepared.validation) == 8
    assert prepared.notes[0] == "test rows: the 10 that the data itself gives"
    assert len(prepare(DataSpec(path=str(path)), SplitSpec(test=0.4), "auto").test) == 20


@pytest.mark.parametrize(
    ("columns", "data", "split", "message"),
    [
        (
            {},
            {"target": "knd"},
            {},
            "The data data has no column 'knd' to be the target; did you mean kind?",
        ),
        (
            {},
            {"target": None},
            {},
            "The data data needs a target, the column to predict, but none is given. Set data.target (or "
            "--target) to "
            "one of its columns: width, height, colour, kind.",
        ),
        (
            {},
            {"types": {"wdth": "number"}},
            {},
            "data.types names the column 'wdth', which the data does not have; did you mean width?",
        ),
        (
            {},
            {"types": {"kind": "category"}},
            {},
            "data.types gives the target kind a type; set task instead, and leave it out there.",
        ),
        (
            {},
            {"allow": ["zzz"]},
            {},
            "data.allow names the column 'zzz', which the data does not have; known are: colour, height, "
            "kind, width.",
        ),
        (
            {},
            {},
            {"by": "color"},
            "split.by names the column 'color', which the data does not have; did you mean colour?",
        ),
        (
            {},
            {},
            {"time": "hight"},
            "split.time names the column 'hight', which the data does not have; did you mean height?",
        ),
        (
            {},
            {},
            {"time": "colour"},
            "split.time names the column colour, which should hold dates or numbers, but holds 'blue'. "
            "Write dates such "
            "as 2024-01-31, or split by another column.",
        ),
        (
            {"group": [None, *["a"] * (N - 1)]},
            {},
            {"by": "group"},
            "split.by names the column group, which must be known in every row, but is missing in 1 of 60. "
            "Fill it in, "
            "or leave these rows out.",
        ),
        (
            {"kind": None},
            {},
            {},
            "The target kind is missing in every row; choose a column that has values.",
        ),
        (
            {"kind": "yes"},
            {},
            {},
            "The target kind needs at least two classes, but every row has 'yes'. Choose another target, or "
            "add rows of "
            "other classes.",
        ),
        (
            {"kind": ["rare"] * 2 + ["a", "b"] * (N // 2 - 1)},
            {},
            {},
            "Every class of kind needs at least 3 rows, to stand in each split, but these have fewer: rare "
            "(2). Add rows "
            "to them, merge them with others, or leave them out.",
        ),
        (
            {"kind": [f"k{i}" for i in range(N)]},
            {},
            {},
            "The target kind has 60 classes in 60 rows, too few rows a class to learn from. Choose another "
            "target, or "
            "set task: regression if it is a number.",
        ),
        (
            {"kind": ["yes"] * 5 + [None] * (N - 5)},
            {},
            {},
            "The data data has 5 rows with a target, but at least 10 are needed for training, validation "
            "and test. Give "
            "more rows.",
        ),
        (
            {"kind": [f"2024-01-{i % 28 + 1:02}" for i in range(N)]},
            {"task": "regression"},
            {},
            "The target kind should be a number for regression, but 60 of its 60 values are not, such as "
            "'2024-01-01'. "
            "Correct them, or set task: classification.",
        ),
        (
            {"width": [float("inf"), *range(N - 1)]},
            {},
            {},
            "Numbers must be finite, but there are infinite values in: width (1). Replace them, or leave "
            "them empty to "
            "have them count as missing.",
        ),
        (
            {},
            {"types": {"width": "ignore", "height": "ignore", "colour": "ignore"}},
            {},
            "No column is left to predict from; ignored are: width (as asked), height (as asked), colour "
            "(as asked). "
            "Give one of them a type under data.types.",
        ),
        (
            {"answer": [1 if i % 3 else 0 for i in range(N)]},
            {},
            {},
            "The column answer gives the target kind away: by itself it tells every training row's value. "
            "If it is known "
            "when predicting, let it through with data: {allow: [answer]}; if not, leave it out with data: "
            "{types: "
            "{answer: ignore}}.",
        ),
        (
            {"answer": [i**3 for i in range(N)], "price": [i * 0.1 for i in range(N)]},
            {"target": "price"},
            {},
            "The column answer gives the target price away: by itself it tells every training row's value. "
            "If it is "
            "known when predicting, let it through with data: {allow: [answer]}; if not, leave it out with "
            "data: "
            "{types: {answer: ignore}}.",
        ),
        (
            {},
            {"types": {"colour": "number"}},
            {},
            "The column colour should hold numbers, but no value in the training rows is one. Give it "
            "another type under "
            "data.types, or ignore.",
        ),
        (
            {},
            {"types": {"colour": "date"}},
            {},
            "The column colour should hold dates of one form, such as 2024-01-31, but holds values that "
            "cannot be read "
            "as such, such as 'blue'. Correct them, or give another type under data.types.",
        ),
        (
            {"price": [1.5] * 59 + [2.5]},
            {"target": "price"},
            {"time": "price"},
            "The target price has the same value in every training row; there is nothing to learn.",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_paragraph(
    tmp_path: Path, columns: dict[str, Any], data: dict[str, Any], split: dict[str, Any], message: str
) -> None:
    assert refused(tmp_path, table(**columns), split, **data) == message


def test_a_column_that_gives_the_target_away_can_be_let_through(tmp_path: Path) -> None:
    frame = table(answer=[1 if i % 3 else 0 for i in range(N)])
    assert ready(tmp_path, frame, allow=["answer"]).signature.inputs["numeric"].shape == (3,)
    assert ready(tmp_path, frame, types={"answer": "ignore"}).signature.inputs["numeric"].shape == (2,)


def test_dates_cannot_be_the_target(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    table().with_columns(day=pl.lit("2024-01-01").str.to_date()).write_parquet(path)
    with pytest.raises(DataError) as caught:
        prepare(DataSpec(path=str(path), target="day"), SplitSpec(), "auto")
    assert str(caught.value) == (
        "The target day holds dates, but a class or a number is expected. Derive one of these from it."
    )


def test_groups_in_two_given_splits_are_refused(tmp_path: Path) -> None:
    frame = table(patient=[f"g{i % 12}" for i in range(N)])
    frame[40:].write_csv(tmp_path / "test.csv")
    split = {"by": "patient", "test": str(tmp_path / "test.csv")}
    assert refused(tmp_path, frame[:40], split) == (
        "No value of patient may stand in two splits, but 12 do in the splits that are given. Leave "
        "split.by out, or "
        "give other files."
    )


def test_whole_numbers_are_classes_where_they_are_few(tmp_path: Path) -> None:
    few = ready(tmp_path, table(kind=[(9, 10, 1)[i % 3] for i in range(N)]))
    assert few.task.classes == ("1", "9", "10")
    assert few.notes[0] == "task: classification, as kind has 3 whole numbers; set task: regression otherwise"
    assert ready(tmp_path, table(kind=[i % 30 for i in range(N)])).task.kind == "regression"
    asked = ready(tmp_path, table(kind=[i % 3 for i in range(N)]), task="regression")
    assert asked.task.kind == "regression"


def test_preparing_again_gives_the_same(tmp_path: Path) -> None:
    one, two = (ready(tmp_path, table()) for _ in range(2))
    np.testing.assert_array_equal(one.test.index, two.test.index)
    assert (one.fingerprint, one.split_id, one.notes) == (two.fingerprint, two.split_id, two.notes)
    seeded = ready(tmp_path, table(), split={"seed": 1})
    assert seeded.test.index.tolist() != one.test.index.tolist()
    assert seeded.split_id != one.split_id
