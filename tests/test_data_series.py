"""Series to be classified: the archive's files, wide and long tables, arrays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.data import Preprocessing, RawData, prepare, read_for_prediction
from automl.data.kinds.series import KIND
from automl.data.ragged import Ragged
from automl.data.readers import ts
from automl.data.series.tables import first_rows
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec
from automl.task import Task

HEADER = (
    "# a comment\n@problemName toy\n@timeStamps false\n@univariate false\n@classLabel true up down\n@data\n"
)


def write_ts(path: Path, n_rows: int = 24, seed: int = 0) -> Path:
    """Series of two channels and unequal lengths, whose first channel goes up or down."""
    random = np.random.default_rng(seed)
    lines = []
    for i in range(n_rows):
        n_steps = int(random.integers(5, 9))
        slope = 1 if i % 2 else -1
        first = 3 + slope * np.arange(n_steps) + random.normal(0, 0.1, n_steps)
        channels = [",".join(f"{v:.3f}" for v in channel) for channel in (first, random.normal(size=n_steps))]
        lines.append(":".join([*channels, "up" if i % 2 else "down"]))
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def test_a_folder_gives_both_splits(tmp_path: Path) -> None:
    write_ts(tmp_path / "toy_TRAIN.ts")
    write_ts(tmp_path / "toy_TEST.ts", 10, seed=1)
    assert ts.READER.accepts(tmp_path)
    raw = ts.READER.read(tmp_path, DataSpec(path=str(tmp_path)))
    assert (raw.name, raw.kind, len(raw), raw.target) == ("toy", "series", 34, "label")
    assert raw.given_splits is not None
    assert raw.given_splits["test"].tolist() == list(range(24, 34))
    assert isinstance(raw.values, Ragged)
    assert raw.values.values.shape[1] == 2
    write_ts(tmp_path / "other_TRAIN.ts")
    with pytest.raises(DataError) as caught:
        ts.READER.read(tmp_path, DataSpec(path=str(tmp_path)))
    assert str(caught.value) == (
        f"{tmp_path} should hold one NAME_TRAIN.ts beside NAME_TEST.ts, but holds 2: other_TRAIN.ts, toy_TRAIN.ts. "
        "Give one file as the data, and the other as split.test."
    )


def test_series_are_prepared_and_predicted_alike(tmp_path: Path) -> None:
    path, test = write_ts(tmp_path / "toy_TRAIN.ts"), write_ts(tmp_path / "toy_TEST.ts", 10, seed=1)
    prepared = prepare(DataSpec(path=str(path)), SplitSpec(test=str(test)), "auto")
    assert prepared.task.classes == ("down", "up")
    assert prepared.signature.kind == "series"
    assert prepared.signature.inputs["series"].shape == (2, 8)
    assert prepared.test.index.tolist() == list(range(24, 34))
    lengths, series = prepared.train.inputs["length"], prepared.train.inputs["series"]
    assert lengths.dtype == np.int64
    steps = np.concatenate([row[:, :n] for row, n in zip(series, lengths, strict=True)], axis=1)
    np.testing.assert_allclose(steps.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(steps.std(axis=1), 1, atol=1e-5)
    assert all((row[:, n:] == 0).all() for row, n in zip(series, lengths, strict=True))
    found = read_for_prediction(test, prepared.preprocessing)
    encoded = prepared.preprocessing.encode(found)
    for name, field in encoded.items():
        np.testing.assert_array_equal(field, prepared.test.inputs[name])
    plain, arrays = prepared.preprocessing.to_plain()
    assert Preprocessing.from_plain(json.loads(json.dumps(plain)), arrays) == prepared.preprocessing
    assert isinstance(found.values, Ragged)
    in_memory = [found.values[i] for i in range(len(found))]
    np.testing.assert_array_equal(prepared.preprocessing.encode(in_memory)["series"], encoded["series"])


def test_a_label_that_training_never_saw_is_refused(tmp_path: Path) -> None:
    path = write_ts(tmp_path / "toy.ts")
    other = tmp_path / "other.ts"
    other.write_text(HEADER.replace("up down", "up down flat") + "1,2,3:1,2,3:flat\n")
    with pytest.raises(
        DataError, match=r"The target label has 1 class that the training rows never have: 'flat'"
    ):
        prepare(DataSpec(path=str(path)), SplitSpec(test=str(other)), "auto")


BAD = {
    "1,2,3:1,2:up": (
        "Line 7 of {path} should have channels of one length, but they have 2 and 3 values. Bring the channels to "
        "one length first."
    ),
    "1,2,3:1,x,3:up": (
        "Line 7 of {path} should hold numbers parted by commas, and ? where one is missing, but has 'x'."
    ),
    "1,2,3:1,2,3:left": (
        "Line 7 of {path} should end with one of the labels of @classLabel (up, down), but has 'left'. Correct the "
        "line, or list the label there."
    ),
    "1,2:1,2:up\n1,2:up": (
        "Line 8 of {path} should have 2 channels, parted by colons, as the lines before it, but has 1. Correct the "
        "line or leave it out."
    ),
    "1,inf:1,2:up": (
        "Line 7 of {path} holds an infinite value; expected finite numbers, or ? where one is missing."
    ),
    "": "{path} has no series after @data; expected one a line.",
}


@pytest.mark.parametrize("line", BAD)
def test_malformed_lines_are_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "toy.ts"
    path.write_text(HEADER + line + "\n")
    with pytest.raises(DataError) as caught:
        ts.read_file(path)
    assert str(caught.value) == BAD[line].format(path=path)


def test_other_files_and_headers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "app.ts"
    path.write_text("const a = 1;\n")
    with pytest.raises(DataError) as caught:
        ts.read_file(path)
    assert str(caught.value) == (
        f"{path} should be a .ts file of series, with a line @data before them, but has none in 1 lines. Add the "
        "header, or give the file the ending of what it is."
    )
    path.write_text(HEADER.replace("timeStamps false", "timeStamps true"))
    with pytest.raises(
        DataError, match=r"has time stamps beside its values \(@timeStamps true\), which are not read"
    ):
        ts.read_file(path)
    path.write_text(HEADER.replace("@univariate false", "@dimensions 3") + "1,2:1,2:up\n")
    with pytest.raises(DataError, match="should have 3 channels, parted by colons, and a label, but has 2"):
        ts.read_file(path)
    path.write_bytes(b"\x47\x40\x00\x10\0\0")
    with pytest.raises(DataError, match="should be text with @ lines and series, but it is binary data"):
        ts.read_file(path)


@given(
    st.lists(
        st.lists(st.floats(-1e6, 1e6, width=32) | st.none(), min_size=1, max_size=9), min_size=1, max_size=5
    )
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[float | None]]
) -> None:
    path = tmp_path_factory.mktemp("ts") / "numbers.ts"
    lines = [",".join("?" if value is None else repr(value) for value in row) + ":1.5" for row in rows]
    path.write_text("@targetlabel true\n@data\n" + "\n".join(lines))
    raw = ts.read_file(path)
    assert raw.frame["label"].to_list() == [1.5] * len(rows)
    assert isinstance(raw.values, Ragged)
    for i, row in enumerate(rows):
        wanted = np.array([np.nan if value is None else value for value in row], np.float32)
        np.testing.assert_array_equal(raw.values[i][:, 0], wanted)


def encoder_of(rows: list[np.ndarray], **data: object) -> tuple[object, tuple[str, ...]]:
    raw = RawData("toy", "series", pl.DataFrame({"label": ["a"] * len(rows)}), Ragged.of(rows))
    spec = DataSpec(path="toy", **data)  # type: ignore[arg-type]
    return KIND.fit(raw, Task("classification", "label", ("a", "b")), spec, SplitSpec())


def test_missing_values_lie_between_their_neighbours() -> None:
    rows = [np.array([[0.0], [np.nan], [2.0]], np.float32), np.array([[np.nan], [1.0], [np.nan]], np.float32)]
    encoder, notes = encoder_of(rows)
    assert notes == (
        "series of 3 steps with 1 channel",
        "missing values at 3 training steps filled in from their neighbours",
    )
    raw = RawData("toy", "series", pl.DataFrame({"row": [0, 1]}), Ragged.of(rows))
    series = encoder.encode(raw)["series"]  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.diff(series[0, 0], n=2), 0, atol=1e-6)
    np.testing.assert_allclose(series[1, 0], series[0, 0, 1], atol=1e-6)


def test_long_series_are_thinned_out() -> None:
    rows = [np.arange(10, dtype=np.float32)[:, None], np.arange(7, dtype=np.float32)[:, None]]
    encoder, notes = encoder_of(rows, max_steps=4)
    assert notes[1] == "series thinned out to the means of 3 steps each; data.max_steps rules it"
    raw = RawData("toy", "series", pl.DataFrame({"row": [0, 1]}), Ragged.of(rows))
    encoded = encoder.encode(raw)  # type: ignore[attr-defined]
    assert encoded["series"].shape == (2, 1, 4)
    assert encoded["length"].tolist() == [4, 3]
    own = encoded["series"][0, 0] * encoder.deviation[0] + encoder.mean[0]  # type: ignore[attr-defined]
    np.testing.assert_allclose(own, [1, 4, 7, 9], atol=1e-5)


def wide(path: Path, n_rows: int = 40) -> Path:
    random = np.random.default_rng(0)
    slope = np.where(np.arange(n_rows) % 2, 1.0, -1.0)[:, None]
    steps = slope * np.arange(6) + random.normal(0, 0.1, (n_rows, 6))
    frame = pl.DataFrame({f"t{i}": steps[:, i] for i in range(6)})
    frame.with_columns(
        pl.Series("who", [f"p{i % 8}" for i in range(n_rows)]),
        pl.Series("y", np.where(slope[:, 0] > 0, "up", "down")),
    ).write_csv(path)
    return path


def test_a_row_can_be_a_series(tmp_path: Path) -> None:
    path = wide(tmp_path / "wide.csv")
    prepared = prepare(DataSpec(path=str(path), kind="series", target="y"), SplitSpec(by="who"), "auto")
    assert "each row is a series of 6 steps, from t0 to t5; left aside: who" in prepared.notes
    assert prepared.signature.inputs["series"].shape == (1, 6)
    assert "length" not in prepared.signature.inputs
    found = read_for_prediction(path, prepared.preprocessing)
    encoded = prepared.preprocessing.encode(found)["series"]
    np.testing.assert_allclose(encoded[prepared.test.index], prepared.test.inputs["series"], rtol=1e-6)
    with pytest.raises(DataError, match="The series need the column 't5', which training had"):
        prepared.preprocessing.encode(pl.read_csv(path).drop("t5"))


def long(path: Path, n_series: int = 30) -> pl.DataFrame:
    random = np.random.default_rng(0)
    rows = []
    for i in range(n_series):
        n_steps = int(random.integers(4, 8))
        for step in range(n_steps):
            label = "up" if i % 2 else "down"
            rows.append(
                (f"s{i}", step, step * (1 if i % 2 else -1) + random.normal(0, 0.1), random.normal(), label)
            )
    frame = pl.DataFrame(rows, schema=["who", "when", "a", "b", "y"], orient="row")
    frame.sample(fraction=1.0, shuffle=True, seed=1).write_csv(path)
    return frame


def test_rows_of_one_name_can_be_a_series(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    frame = long(path)
    prepared = prepare(DataSpec(path=str(path), series="who", time="when", target="y"), SplitSpec(), "auto")
    assert "30 series of a, b" in prepared.notes
    assert prepared.signature.inputs["series"].shape == (2, 7)
    encoded = prepared.preprocessing.encode(frame)
    assert encoded["series"].shape == (30, 2, 7)
    own = encoded["series"][1, 0, : encoded["length"][1]]
    assert (np.diff(own) > 0).all()  # the order in time is restored
    assert len(prepared.train) + len(prepared.validation) + len(prepared.test) == 30


def test_a_series_lies_in_one_split() -> None:
    frame = pl.DataFrame({"who": ["b", "a", "b", "c"]})
    assert first_rows(frame, "who", np.array([0, 0, 0, 1])).tolist() == [0, 1, 3]
    with pytest.raises(DataError) as caught:
        first_rows(frame, "who", np.array([0, 0, 1, 1]))
    assert str(caught.value) == (
        "A series should lie in one split, but 1 of 3 have rows in several of the files that are given: b. Give "
        "different series different names in who."
    )


def test_tables_that_hold_no_series_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    frame = long(path)
    spec = DataSpec(path=str(path), series="who", time="when", target="y")
    frame.with_columns(
        pl.Series("y", ["up", "down"] * (frame.height // 2) + ["up"] * (frame.height % 2))
    ).write_csv(path)
    with pytest.raises(DataError) as caught:
        prepare(spec, SplitSpec(), "auto")
    assert str(caught.value) == (
        "The target y must be the same in all rows of a series, but changes within 30 of the 30 series that who "
        "tells apart. Choose another target, or set task: forecasting to forecast it."
    )
    pl.concat([frame, frame.head(2).with_columns(pl.col("a") + 1)]).write_csv(path)
    with pytest.raises(DataError) as caught:
        prepare(spec, SplitSpec(), "auto")
    assert str(caught.value) == (
        "Each time in when should come once in a series, but 2 rows have a time that another row has too, with "
        "other values, such as 0 of the series s0. Keep one row for each time of a series."
    )
    pl.DataFrame({"x": np.arange(20) % 7, "y": ["a", "b"] * 10}).write_csv(path)
    with pytest.raises(
        DataError, match="each row of long is a series, whose steps are the columns of numbers, but 1 of"
    ):
        prepare(DataSpec(path=str(path), kind="series", target="y"), SplitSpec(), "auto")


def test_arrays_are_checked() -> None:
    encoder, _ = encoder_of([np.zeros((3, 1), np.float32), np.ones((4, 1), np.float32)])
    assert KIND.from_memory(np.zeros((5, 4)), encoder).values.lengths.tolist() == [4] * 5  # type: ignore[union-attr]
    with pytest.raises(DataError, match="The series should have 1 channel as in training, but have 2"):
        encoder.encode(KIND.from_memory(np.zeros((5, 4, 2)), encoder))  # type: ignore[attr-defined]
    for given_, said in (
        (np.zeros(5), r"an array of shape \(5,\) came"),
        ([np.zeros((0,))], r"one of shape \(0, 1\) came"),
        (["abc"], "something else came"),
        ([[1.0, float("inf")]], "Series hold infinite values"),
        (7, "Series are given as arrays, but int came"),
    ):
        with pytest.raises(DataError, match=said):
            KIND.from_memory(given_, encoder)


def test_the_archive_is_read(development_data: Path) -> None:
    raw = ts.READER.read(development_data / "ucr" / "JapaneseVowels", DataSpec(path="ucr"))
    assert isinstance(raw.values, Ragged)
    assert (len(raw), raw.values.values.shape[1], raw.frame["label"].n_unique()) == (640, 12, 9)
    assert raw.values.lengths.min() < raw.values.lengths.max()
