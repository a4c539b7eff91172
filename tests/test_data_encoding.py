"""Preprocessing: plain data, the same after a round trip, and forgiving or strict where it should be."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.data import Preprocessing, prepare, read_for_prediction
from automl.data.kinds import all_kinds
from automl.data.raw import RawData
from automl.data.tables.infer import infer
from automl.data.target import encode_target
from automl.data.values import tidy
from automl.errors import DataError, NotFoundError
from automl.spec import DataSpec, SplitSpec
from automl.task import Task

N = 40
TASK = Task("classification", "kind", ("no", "yes"))


def training_frame() -> pl.DataFrame:
    random = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "number": [None if i == 3 else float(value) for i, value in enumerate(random.normal(size=N))],
            "code": [f"00{i // 2 % 3}" for i in range(N)],
            "size": [i % 4 for i in range(N)],
            "flag": [i % 5 == 0 for i in range(N)],
            "day": [date(2024, 1, 1) + timedelta(days=9 * i) for i in range(N)],
            "when": [f"2024-0{i % 9 + 1}-11 {i % 24:02}:30" for i in range(N)],
            "kind": ["yes" if i % 3 else "no" for i in range(N)],
        }
    )


def fitted(frame: pl.DataFrame | None = None, numbers: str = "quantile") -> Preprocessing:
    frame = training_frame() if frame is None else frame
    return fit(frame, {"size": "category"} if "size" in frame.columns else {}, numbers)


def fit(frame: pl.DataFrame, types: dict[str, Any] | None = None, numbers: Any = "quantile") -> Preprocessing:
    data = DataSpec(path="any", types=types or {}, numbers=numbers)
    task = TASK if "kind" in frame.columns else Task("generation", "")
    encoder, _ = all_kinds()["table"].fit(RawData("any", "table", frame), task, data, SplitSpec())
    return Preprocessing(task, encoder)


def round_trip(preprocessing: Preprocessing) -> Preprocessing:
    plain, arrays = preprocessing.to_plain()
    return Preprocessing.from_plain(json.loads(json.dumps(plain, allow_nan=False)), arrays)


def test_a_round_trip_encodes_alike() -> None:
    preprocessing = fitted()
    one, two = (each.encode(training_frame()) for each in (preprocessing, round_trip(preprocessing)))
    assert one.keys() == two.keys() == {"numeric", "categorical"}
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
        assert one[name].shape[1:] == preprocessing.signature.inputs[name].shape
    assert np.isfinite(one["numeric"]).all()
    assert round_trip(preprocessing).schema() == preprocessing.schema()


TEXT = st.none() | st.text("ab?01. \u00e9", max_size=3)
NUMBER = st.none() | st.floats(-1e300, 1e300)


@given(st.lists(st.tuples(NUMBER, TEXT, st.none() | st.booleans()), min_size=2, max_size=40))
def test_any_rows_encode_finite_within_the_codes_and_row_by_row(rows: list[tuple]) -> None:
    schema = {"number": pl.Float64, "text": pl.String, "flag": pl.Boolean}
    frame, _ = tidy(pl.DataFrame(rows, schema=schema, orient="row"))
    types = infer(frame, {})
    if all(found.type == "ignore" for found in types.values()):
        return
    preprocessing = round_trip(fit(frame))
    encoded = preprocessing.encode(frame)
    if "numeric" in encoded:
        assert np.isfinite(encoded["numeric"]).all()
    if "categorical" in encoded:
        limits = preprocessing.signature.inputs["categorical"].cardinalities
        assert (encoded["categorical"] >= 0).all()
        assert (encoded["categorical"] < np.array(limits)).all()
    last = preprocessing.encode(frame[-1:])
    for name, values in encoded.items():
        np.testing.assert_array_equal(values[-1:], last[name])


def test_other_orders_more_columns_unseen_and_missing_values_are_taken() -> None:
    preprocessing = fitted()
    frame = training_frame()
    shuffled = frame.select(reversed(frame.columns)).with_columns(extra=1)
    np.testing.assert_array_equal(
        preprocessing.encode(shuffled)["numeric"], preprocessing.encode(frame)["numeric"]
    )
    changed = frame.with_columns(code=pl.lit("zzz"), number=None, flag=None, day=None, when=pl.lit("?"))
    encoded = preprocessing.encode(changed)
    assert (encoded["categorical"][:, 0] == 0).all()
    assert np.isfinite(encoded["numeric"]).all()


def test_text_of_numbers_stays_text_and_forms_of_one_number_are_one() -> None:
    preprocessing = fitted()
    frame = training_frame()
    text = frame.with_columns(pl.col("size").cast(pl.Float64).cast(pl.String))
    assert text["size"][1] == "1.0"
    expected = preprocessing.encode(frame)["categorical"]
    np.testing.assert_array_equal(preprocessing.encode(text)["categorical"], expected)
    stripped = frame.with_columns(pl.col("code").str.slice(2))
    assert (preprocessing.encode(stripped)["categorical"][:, 0] == 0).all()


def test_a_prediction_file_reads_as_training_did(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    training_frame().write_csv(path)
    prepared = prepare(DataSpec(path=str(path), target="kind"), SplitSpec(), "auto")
    frame = read_for_prediction(path, prepared.preprocessing)
    encoded = prepared.preprocessing.encode(frame)
    for name, values in prepared.test.inputs.items():
        np.testing.assert_array_equal(encoded[name][prepared.test.index], values)
    one_row = tmp_path / "one.csv"
    training_frame()[:1].drop("kind").write_csv(one_row)
    alone = prepared.preprocessing.encode(read_for_prediction(one_row, prepared.preprocessing))
    for name, values in alone.items():
        np.testing.assert_array_equal(values, encoded[name][:1])


def test_a_table_of_arrays_is_predicted_without_a_target(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(N, 3))
    np.savez(tmp_path / "train.npz", x=x, y=np.arange(N) % 2)
    prepared = prepare(DataSpec(path=str(tmp_path / "train.npz")), SplitSpec(), "auto")
    np.savez(tmp_path / "new.npz", x=x[:2])
    assert len(read_for_prediction(tmp_path / "new.npz", prepared.preprocessing)) == 2


def message(preprocessing: Preprocessing, frame: pl.DataFrame) -> str:
    with pytest.raises(DataError) as caught:
        preprocessing.encode(frame)
    return str(caught.value)


def test_what_training_did_not_have_is_refused_in_one_sentence() -> None:
    preprocessing, frame = fitted(), training_frame()
    assert message(preprocessing, frame.rename({"number": "numbr"})) == (
        "The data needs the column 'number', which training had, but does not have it; did you mean numbr?"
    )
    assert message(preprocessing, frame.with_columns(number=pl.lit("tall"))) == (
        "The column number should hold numbers as in training, but 40 of its 40 values are others, such as "
        "'tall'. "
        "Correct them or leave them empty."
    )
    assert message(preprocessing, frame.with_columns(number=pl.lit(float("inf")))) == (
        "The column number holds infinite values; expected finite numbers or none."
    )
    assert message(preprocessing, frame.with_columns(flag=pl.lit("maybe"))) == (
        "The column flag should hold true and false as in training, but 40 of its 40 values are others, "
        "such as "
        "'maybe'. Correct them or leave them empty."
    )
    assert message(preprocessing, frame.with_columns(when=pl.lit("soon"))) == (
        "The column when should hold dates as in training (%Y-%m-%d %H:%M), but 40 of its 40 values are "
        "others, such "
        "as 'soon'. Correct them or leave them empty."
    )


def test_targets_are_encoded_or_refused() -> None:
    preprocessing = fitted()
    frame = pl.DataFrame({"kind": [" yes", "no"]})
    assert encode_target(frame, preprocessing.task).tolist() == [1, 0]
    for change, expected in (
        (
            pl.Series("kind", ["yes", "perhaps"]),
            "The target kind has 1 class that the training rows never have: 'perhaps'. Training has: no, "
            "yes. Leave "
            "these rows out, or train with them.",
        ),
        (
            pl.Series("kind", ["yes", None]),
            "The target kind is missing in 1 of 2 rows; leave these rows out.",
        ),
        (
            pl.Series("kin", ["yes", "no"]),
            "The data has no column 'kind', the target of training; did you mean kin?",
        ),
    ):
        with pytest.raises(DataError) as caught:
            encode_target(change.to_frame(), preprocessing.task)
        assert str(caught.value) == expected


def test_number_classes_are_found_in_any_form() -> None:
    task = Task("classification", "y", ("1", "2", "10"))
    for series in (pl.Series("y", [10, 1]), pl.Series("y", [10.0, 1.0]), pl.Series("y", ["10", "1.0"])):
        assert encode_target(series.to_frame(), task).tolist() == [2, 0]
    padded = Task("classification", "y", ("001", "002"))
    assert encode_target(pl.DataFrame({"y": ["002", "001"]}), padded).tolist() == [1, 0]


def test_the_schema_says_what_a_row_must_have() -> None:
    schema = {entry["name"]: entry for entry in fitted().schema()}
    assert schema["code"] == {
        "name": "code",
        "type": "category",
        "required": True,
        "categories": ["000", "001", "002"],
    }
    assert schema["flag"] == {"name": "flag", "type": "boolean", "required": True, "values": [False, True]}
    assert schema["day"]["minimum"] == "2024-01-01 00:00:00"
    assert schema["number"].keys() == {"name", "type", "required", "minimum", "maximum"}


def test_more_than_a_thousand_categories_are_pooled() -> None:
    words = [f"w{i % 1500}" for i in range(3000)] + [f"w{i}" for i in range(900)] * 2
    frame = pl.DataFrame({"word": words})
    preprocessing = fit(frame)
    codes = preprocessing.encode(frame)["categorical"]
    assert preprocessing.signature.inputs["categorical"].cardinalities == (1001,)
    assert (codes == 0).any()
    assert codes.max() == 1000


def test_data_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        fitted().encode(np.zeros((1, 4, 4, 1), np.uint8))
    assert str(caught.value) == (
        "This model was trained on a table: give a frame or a dictionary of columns, so that columns have "
        "names, but an array of shape (1, 4, 4, 1) came."
    )
    with pytest.raises(DataError) as caught:
        read_for_prediction(tmp_path, fitted())
    assert str(caught.value) == (
        f"This model was trained on a table, but {tmp_path} is a folder or an image; give a table."
    )
    with pytest.raises(NotFoundError) as missing:
        read_for_prediction(tmp_path / "none.csv", fitted())
    assert (
        str(missing.value)
        == f"There is no file or folder {tmp_path / 'none.csv'} to predict from; check the path."
    )
