"""Readers: what each kind of file gives, and what is said of files that are not what they seem."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from automl.data import RawData, read
from automl.data.raw import fingerprint
from automl.data.readers import all_readers
from automl.errors import DataError, NotFoundError
from automl.spec import DataSpec

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def frame_of(path: Path) -> pl.DataFrame:
    return read(DataSpec(path=str(path))).frame


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(DataSpec(path=str(path)))
    return str(caught.value)


def test_csv_reads_every_column_as_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "Some Data.csv"
    path.write_text(
        "whole,real,code,flag,word,huge\n1,0.5,007,true, a ,12345678901234567890\n ?,NA,012,False,null,2\n"
    )
    raw = read(DataSpec(path=str(path)))
    assert raw.name == "some-data"
    assert raw.frame.to_dict(as_series=False) == {
        "whole": [1, None],
        "real": [0.5, None],
        "code": ["007", "012"],
        "flag": [True, False],
        "word": ["a", None],
        "huge": ["12345678901234567890", "2"],
    }


@pytest.mark.parametrize(
    "text", ["a;b\n1;x\n", "a\tb\n1\tx\n", "a,b\n1,x\n", "\ufeffa,b\r\n1,x\r\n", '"a", b\n1,"x"\n']
)
def test_csv_finds_the_separator_and_takes_common_forms(tmp_path: Path, text: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode())
    assert frame_of(path).to_dict(as_series=False) == {"a": [1], "b": ["x"]}


def test_gzip_gives_the_same_rows_and_fingerprint(tmp_path: Path) -> None:
    text = b"a\tb\n1\tx\n2\ty\n"
    (tmp_path / "one.tsv").write_bytes(text)
    (tmp_path / "two.tsv.gz").write_bytes(gzip.compress(text))
    one, two = (read(DataSpec(path=str(tmp_path / name))) for name in ("one.tsv", "two.tsv.gz"))
    assert one.frame.equals(two.frame)
    assert fingerprint(one) == fingerprint(two)
    assert two.name == "two"


def test_blank_lines_are_left_out_aloud(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b\n\n1,2\n\n")
    raw = read(DataSpec(path=str(path)))
    assert len(raw) == 1
    assert raw.notes == ("left out 2 blank lines",)


def test_parquet_keeps_types_and_leaves_out_nested_columns(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pl.DataFrame({"a": [1.0, float("nan")], "b": ["007", "?"], "c": [[1], [2]]}).write_parquet(path)
    raw = read(DataSpec(path=str(path)))
    assert raw.frame.to_dict(as_series=False) == {"a": [1.0, None], "b": ["007", None]}
    assert raw.notes == ("left out, as they hold no plain values: c",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "{path} is empty; expected a header line and rows."),
        (
            "a.csv",
            PNG,
            "{path} should be text with commas, but it is a PNG image. Give the file the ending of what it "
            "is.",
        ),
        (
            "a.csv",
            b"a,b\n\xff\xfe,2\n",
            "{path} is not in UTF-8: line 2 cannot be read. Save it as UTF-8, for example with: iconv -f "
            "latin1 -t utf-8 OLD > NEW; or set data.encoding, for example to latin-1.",
        ),
        (
            "a.csv",
            b"a,b\n1,2,3\n",
            "{path} cannot be read as a table (found more fields than defined in 'Schema'). Expected 2 "
            "values in "
            "every row, as in the header, and quotes around values that hold the separator.",
        ),
        (
            "a.csv",
            b"a,a\n1,2\n",
            "{path} has more than one column named a. Every name in its first line must be different; if "
            "that line "
            "is data, add a header line.",
        ),
        (
            "a.csv",
            b"1,2.5,x\n3,4,y\n",
            "{path} needs a first line with the names of its columns, but its first line holds the values "
            "1, 2.5. "
            "Add a header line.",
        ),
        ("a.csv", b"a,b\n", "The data a has no rows; expected some."),
        (
            "a.tsv.gz",
            b"a\tb\n",
            "{path} should be compressed with gzip, but it is text. Compress it again.",
        ),
        (
            "a.csv.gz",
            gzip.compress(b"a,b\n1,2\n" * 99)[:-12],
            "{path} should be compressed with gzip, but it is a gzip file that is cut off or damaged. "
            "Compress it again.",
        ),
        (
            "a.parquet",
            b"a,b\n1,2\n",
            "{path} should be a Parquet file, but it is text. Give the file the ending of what it is, or "
            "write it "
            "again as Parquet.",
        ),
        ("a.npz", b"a,b\n", "{path} should be an NPZ archive, but it is text. Check the file."),
        (
            "train-images-idx3-ubyte",
            b"a,b\n1,2",
            "{path} should be an IDX file of unsigned bytes, but it begins with 612c620a (text). Check the "
            "file.",
        ),
    ],
)
def test_a_file_that_is_not_what_it_seems_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refused(path) == message.format(path=path)


def test_a_cut_off_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": range(99)}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    assert refused(path).startswith(f"{path} begins as a Parquet file but is damaged (")


def test_what_cannot_be_read_is_answered_with_what_can(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK")
    known = "; ".join(reader.endings for reader in all_readers())
    assert "; CSV and TSV (.csv, .tsv, also .gz); IDX files as of MNIST" in known
    assert refused(path) == f"{path} is not a kind of data that can be read here. What can be read: {known}."
    with pytest.raises(NotFoundError) as caught:
        read(DataSpec(path=str(tmp_path / "none.csv")))
    assert str(caught.value) == (
        f"There is no file or folder {tmp_path / 'none.csv'} to read data from; check the path."
    )


def test_npz_of_two_dimensions_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, X=np.array([[1.0, 2.0], [3.0, 4.0]]), y=np.array([0, 1]))
    raw = read(DataSpec(path=str(path)))
    assert raw.target == "y"
    assert raw.frame.to_dict(as_series=False) == {"x0": [1.0, 3.0], "x1": [2.0, 4.0], "y": [0, 1]}


def test_npz_of_images_keeps_its_own_test_rows(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    images = np.arange(5 * 4 * 4, dtype=np.uint8).reshape(5, 4, 4)
    np.savez(path, x_train=images[:3], y_train=[0, 1, 0], x_test=images[3:], y_test=[1, 0])
    raw = read(DataSpec(path=str(path)))
    assert raw.kind == "image"
    assert raw.frame["label"].to_list() == ["0", "1", "0", "1", "0"]
    assert raw.values is not None
    np.testing.assert_array_equal(raw.values[..., 0], images)
    assert raw.given_splits is not None
    assert {name: rows.tolist() for name, rows in raw.given_splits.items()} == {
        "train": [0, 1, 2],
        "test": [3, 4],
    }


def test_npz_refuses_pickles_other_names_and_other_shapes(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, x=np.array([{"a": 1}], dtype=object), y=[1])
    assert refused(path) == (
        f"{path} cannot be read as arrays of numbers or text (Object arrays cannot be loaded when "
        "allow_pickle=False). "
        "Pickled objects are refused because loading them runs code; save arrays of one type."
    )
    np.savez(path, inputs=[1], y=[1])
    assert refused(path) == (
        f"{path} must hold the arrays x and y, or x_train, y_train, x_test and y_test, but it holds inputs, "
        "y. "
        "Save it with these names."
    )
    np.savez(path, x=np.zeros((2, 3, 3)), y=[1, 2])
    assert refused(path) == (
        f"x in {path} must be numbers (rows, columns), or uint8 images (rows, height, width) or (rows, "
        "height, "
        "width, 1 or 3), but it is float64 of shape (2, 3, 3)."
    )
    np.savez(path, x=np.zeros((2, 3)), y=[1, 2, 3])
    assert refused(path) == (
        f"x and y in {path} must have as many rows as each other, and y one value a row, but their shapes "
        "are "
        "(2, 3) and (3,)."
    )


def write_idx(path: Path, array: np.ndarray) -> None:
    content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_reads_a_folder_with_its_test_rows(tmp_path: Path, ending: str) -> None:
    images = np.arange(5 * 4 * 4, dtype=np.uint8).reshape(5, 4, 4)
    labels = np.array([0, 1, 0, 1, 0], np.uint8)
    write_idx(tmp_path / f"train-images-idx3-ubyte{ending}", images[:3])
    write_idx(tmp_path / f"train-labels-idx1-ubyte{ending}", labels[:3])
    single = read(DataSpec(path=str(tmp_path / f"train-images-idx3-ubyte{ending}")))
    assert (len(single), single.given_splits) == (3, None)
    write_idx(tmp_path / f"t10k-images-idx3-ubyte{ending}", images[3:])
    write_idx(tmp_path / f"t10k-labels-idx1-ubyte{ending}", labels[3:])
    raw = read(DataSpec(path=str(tmp_path)))
    assert raw.values is not None
    np.testing.assert_array_equal(raw.values[..., 0], images)
    assert raw.frame["label"].to_list() == ["0", "1", "0", "1", "0"]
    assert raw.given_splits is not None
    assert raw.given_splits["test"].tolist() == [3, 4]


def test_idx_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    write_idx(path, np.zeros((2, 3, 3), np.uint8))
    assert (
        refused(path)
        == f"{path} needs its labels beside it in train-labels-idx1-ubyte, but there is no such file."
    )
    path.write_bytes(path.read_bytes()[:-1])
    assert refused(path) == (
        f"{path} says that it holds 18 bytes of shape (2, 3, 3), but 17 follow. It is cut off or damaged; "
        "fetch it "
        "again."
    )


def test_fingerprint_knows_content_and_not_the_path() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "yz"]})
    one = fingerprint(RawData("one", "table", frame))
    assert one == fingerprint(RawData("two", "table", frame.clone()))
    others = [
        frame.rename({"a": "c"}),
        frame.with_columns(b=pl.Series(["xy", "z"])),
        frame.with_columns(a=pl.Series([1, 0])),
    ]
    assert len({one, *(fingerprint(RawData("one", "table", other)) for other in others)}) == 4
