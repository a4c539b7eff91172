"""Folders of media: classes, tables that name the files, splits, and what is refused in them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
from PIL import Image

from automl.data import prepare, read, read_for_prediction
from automl.data.raw import RawData, fingerprint
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec

RATE = 8000


def png(level: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8), level, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def wav(seed: int = 0, n_samples: int = 400) -> bytes:
    buffer = io.BytesIO()
    wave = np.random.default_rng(seed).integers(-9000, 9000, n_samples).astype(np.int16)
    soundfile.write(buffer, wave, RATE, format="WAV")
    return buffer.getvalue()


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def listed(folder: Path, n_rows: int = 24) -> Path:
    """Recordings in one folder, with a table of their labels and speakers."""
    lines = ["file_name,label,speaker"]
    for i in range(n_rows):
        write(folder / f"sounds/{i:02}.wav", wav(i))
        lines.append(f"sounds/{i:02}.wav,{'ab'[i % 2]},s{i % 6}")
    write(folder / "metadata.csv", "\n".join(lines))
    return folder


def raw_of(path: Path) -> RawData:
    return read(DataSpec(path=str(path)))


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        raw_of(path)
    return str(caught.value)


def test_a_table_names_the_files_and_groups_them(tmp_path: Path) -> None:
    prepared = prepare(DataSpec(path=str(listed(tmp_path))), SplitSpec(by="speaker"), "auto")
    assert (prepared.signature.kind, prepared.task.target, prepared.task.classes) == (
        "audio",
        "label",
        ("a", "b"),
    )
    own = [{int(i) % 6 for i in rows.index} for rows in (prepared.train, prepared.validation, prepared.test)]
    assert sum(map(len, own)) == 6


@pytest.mark.parametrize("name", ["labels.csv", "metadata.jsonl"])
@pytest.mark.parametrize("column", ["file_name", "file", "path"])
def test_tables_of_other_names_and_columns_are_read(tmp_path: Path, name: str, column: str) -> None:
    rows = [{column: f"./{i}.png", "price": i * 1.5, "other": None} for i in range(4)]
    for i in range(4):
        write(tmp_path / f"{i}.png", png(i))
    frame = pl.DataFrame(rows)
    lines = "\n".join(map(json.dumps, rows))
    write(tmp_path / name, frame.write_csv() if name.endswith(".csv") else lines)
    raw = raw_of(tmp_path)
    assert isinstance(raw.values, np.ndarray)
    assert raw.values[:, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert raw.frame["price"].to_list() == [0.0, 1.5, 3.0, 4.5]
    assert raw.target is None
    write(tmp_path / "more.png", png())
    assert f"left out 1 images that {name} does not name" in raw_of(tmp_path).notes


def test_folders_on_top_give_the_splits(tmp_path: Path) -> None:
    write(tmp_path / "val/dog/notes.pdf", b"%PDF")
    for split, n_rows in (("train", 8), ("val", 3), ("test", 2)):
        for label in ("cat", "dog"):
            for i in range(n_rows):
                write(tmp_path / split / label / f"{i}.txt", f"{label} {split} {i}")
    raw = raw_of(tmp_path)
    assert raw.given_splits is not None
    assert raw.notes == ("validation: left out 1 files that are not .txt",)
    assert {name: len(at) for name, at in raw.given_splits.items()} == {
        "train": 16,
        "validation": 6,
        "test": 4,
    }
    prepared = prepare(DataSpec(path=str(tmp_path)), SplitSpec(), "auto")
    assert [len(rows) for rows in (prepared.train, prepared.validation, prepared.test)] == [16, 6, 4]
    assert prepared.test.index.tolist() == [22, 23, 24, 25]
    assert prepared.task.classes == ("cat", "dog")


def test_a_table_that_names_files_in_folders_of_splits_gives_the_splits(tmp_path: Path) -> None:
    names = [f"{'test' if i % 4 == 0 else 'train'}/{i}.wav" for i in range(16)]
    for i, name in enumerate(names):
        write(tmp_path / name, wav(i))
    write(
        tmp_path / "metadata.csv",
        "path,label\n" + "\n".join(f"{n},{'ab'[i % 2]}" for i, n in enumerate(names)),
    )
    given = raw_of(tmp_path).given_splits
    assert given is not None
    assert given["test"].tolist() == [0, 4, 8, 12]
    assert sorted(given["train"].tolist() + given["test"].tolist()) == list(range(16))


def test_tables_in_folders_of_splits_must_agree(tmp_path: Path) -> None:
    listed(tmp_path / "train", 12)
    listed(tmp_path / "test", 4)
    raw = raw_of(tmp_path)
    assert (len(raw), raw.frame.columns) == (16, ["label", "speaker"])
    table = tmp_path / "test/metadata.csv"
    table.write_text(table.read_text().replace("speaker", "voice"))
    assert refused(tmp_path) == (
        f"The folders of splits in {tmp_path} should say the same of their files, but one has the columns "
        "label, speaker and another label, voice. Write all in one form."
    )


def test_labels_of_the_test_split_alone_are_refused(tmp_path: Path) -> None:
    for split, labels in (("train", "ab"), ("test", "abc")):
        for label in labels:
            for i in range(8):
                write(tmp_path / split / label / f"{i}.png", png(i))
    with pytest.raises(DataError) as caught:
        prepare(DataSpec(path=str(tmp_path)), SplitSpec(), "auto")
    assert str(caught.value) == (
        "The target label has 1 class that the training rows never have: 'c'. Training has: a, b. Leave these "
        "rows out, or train with them."
    )


def test_files_without_labels_are_rows_of_their_names(tmp_path: Path) -> None:
    for i in range(3):
        write(tmp_path / f"{i}.wav", wav(i))
    raw = raw_of(tmp_path)
    assert (raw.kind, raw.target) == ("audio", None)
    assert raw.frame["file"].to_list() == ["0.wav", "1.wav", "2.wav"]


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    for label in ("a", "b"):
        write(tmp_path / label / "0.wav", wav())
        write(tmp_path / label / "notes.pdf", b"%PDF")
        write(tmp_path / label / "deep/1.wav", wav())
        write(tmp_path / label / ".hidden.wav", wav())
    write(tmp_path / "loose.wav", wav())
    assert raw_of(tmp_path).notes[:3] == (
        "left out 2 files that are not WAV, FLAC or OGG",
        "left out 1 recordings outside of the folders of classes",
        "left out 2 folders inside of the folders of classes",
    )


def test_the_fingerprint_is_of_the_content_alone(tmp_path: Path) -> None:
    one, two = (fingerprint(raw_of(listed(tmp_path / name))) for name in ("one", "two"))
    assert one == two
    write(tmp_path / "two/sounds/00.wav", wav(99))
    assert fingerprint(raw_of(tmp_path / "two")) != one


def test_images_and_recordings_in_one_folder_are_refused(tmp_path: Path) -> None:
    for i in range(2):
        write(tmp_path / "a" / f"{i}.png", png(i))
        write(tmp_path / "b" / f"{i}.wav", wav(i))
    assert refused(tmp_path) == (
        f"{tmp_path} should hold files of one kind, but it holds 2 images and 2 recordings. Put each kind into a "
        "folder of its own."
    )


def test_recordings_without_folders_of_classes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write(tmp_path / "0.wav", wav())
    assert refused(tmp_path) == (
        f"{tmp_path} should hold one folder of WAV, FLAC or OGG recordings for each class, but it holds 1 "
        "folders without recordings and 1 recordings outside of folders. Sort the recordings into one folder a "
        "class."
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "name,label\n0.png,a\n",
            "{table} should name the files beside it in a column file_name, file or path, but its columns are "
            "name, label. Add the column, or rename the table if it is about something else.",
        ),
        (
            "file,label\n0.png,a\n../0.png,b\n,b\n/etc/hosts,b\nC:\\x.png,b\n",
            "{table} should name files inside of its folder by relative paths, but 4 of its 5 names leave it or "
            "are empty: ../0.png, (empty), /etc/hosts and others. Correct the names.",
        ),
        (
            "file,label\n0.png,a\nlink.png,b\n",
            "{table} should name files inside of its folder by relative paths, but 1 of its 2 names leave it or "
            "are empty: link.png. Correct the names.",
        ),
        (
            "file,label\n0.png,a\n1.png,b\n2.png,b\n",
            "2 of the 3 files that {table} names are not there: 1.png, 2.png. Correct the names, or leave the "
            "rows out.",
        ),
        (
            "file,label\n0.png,a\n0.wav,b\n",
            "The files that {table} names should all be PNG or JPEG images, but 1 of the 2 are not: 0.wav. Give "
            "each kind of file a table and a folder of its own.",
        ),
    ],
)
def test_a_table_that_names_no_such_files_is_refused(tmp_path: Path, table: str, message: str) -> None:
    folder = tmp_path / "in"
    write(tmp_path / "outside.png", png())
    write(folder / "0.png", png())
    write(folder / "0.wav", wav())
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    path = write(folder / "labels.csv", table)
    assert refused(folder) == message.format(table=path)


def test_two_tables_are_refused(tmp_path: Path) -> None:
    listed(tmp_path)
    write(tmp_path / "labels.csv", "file\n")
    assert refused(tmp_path) == (
        f"{tmp_path} must hold one table that names its files, but it holds metadata.csv, labels.csv. Keep one "
        "of them."
    )


def test_links_that_leave_a_folder_of_classes_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "outside.png", png())
    for label in ("a", "b"):
        write(tmp_path / "in" / label / "0.png", png())
    (tmp_path / "in/a/1.png").symlink_to(tmp_path / "outside.png")
    assert refused(tmp_path / "in") == (
        f"The files in {tmp_path / 'in'} should lie in it, but 1 are links that leave it: a/1.png. Put the files "
        "themselves there, so that the data is whole wherever it goes."
    )
    (tmp_path / "in/a/1.png").unlink()
    (tmp_path / "in/a/1.png").symlink_to(tmp_path / "in/a/0.png")
    assert len(raw_of(tmp_path / "in")) == 3


def test_rows_to_predict_have_the_labels_of_a_table(tmp_path: Path) -> None:
    prepared = prepare(DataSpec(path=str(listed(tmp_path))), SplitSpec(), "auto")
    found = read_for_prediction(tmp_path, prepared.preprocessing)
    assert prepared.preprocessing.encode_target(found)[:4].tolist() == [0, 1, 0, 1]
    bare = read_for_prediction(tmp_path / "sounds", prepared.preprocessing)
    assert bare.frame.columns == ["file"]
    np.testing.assert_array_equal(
        prepared.preprocessing.encode(bare)["wave"], prepared.preprocessing.encode(found)["wave"]
    )


def test_parquet_with_bytes_gives_images(tmp_path: Path) -> None:
    contents = [png(level) for level in range(12)]
    structs = [{"bytes": content, "path": None} for content in contents]
    for name, column in (("a", contents), ("b", structs)):
        frame = pl.DataFrame(
            {"image": column, "label": [i % 2 for i in range(12)], "group": [i // 2 for i in range(12)]}
        )
        frame.write_parquet(tmp_path / f"{name}.parquet")
        raw = raw_of(tmp_path / f"{name}.parquet")
        assert (raw.kind, raw.target, raw.frame.columns) == ("image", "label", ["label", "group"])
        assert isinstance(raw.values, np.ndarray)
        assert raw.values[:, 0, 0, 0].tolist() == list(range(12))
    prepared = prepare(DataSpec(path=str(tmp_path / "b.parquet")), SplitSpec(by="group"), "auto")
    found = read_for_prediction(tmp_path / "a.parquet", prepared.preprocessing)
    assert prepared.preprocessing.encode(found)["image"].shape == (12, 1, 8, 8)


def test_parquet_with_bytes_gives_recordings(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    structs = [{"bytes": wav(i), "path": f"{i}.wav"} for i in range(12)]
    pl.DataFrame({"audio": structs, "label": ["a", "b"] * 6}).write_parquet(path)
    raw = raw_of(path)
    assert (raw.kind, raw.details, len(raw)) == ("audio", {"sample_rate": RATE}, 12)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            [png(), b"\x89PNG damaged", b"", png()[:40]],
            "3 of the 4 images in {path} cannot be used: row 1, row 2, row 3. Each must be a whole PNG or JPEG "
            "image of at most 64 million pixels. Repair or remove them.",
        ),
        (
            [png(), None, png(), None],
            "2 of the 4 images in {path} are missing: row 1, row 3. A path alone is not enough; write their "
            "bytes, or leave these rows out.",
        ),
        (
            [wav(), wav()[:-9], b"x", b""],
            "3 of the 4 recordings in {path} cannot be used: row 1 (cut off), row 2 (text), row 3 (empty). Each "
            "must be a whole WAV, FLAC or OGG file with at least one sample. Repair or remove them.",
        ),
    ],
)
def test_parquet_with_damaged_bytes_is_refused(tmp_path: Path, column: list[bytes], message: str) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"media": column, "label": ["a", "b"] * 2}).write_parquet(path)
    assert refused(path) == message.format(path=path)


def test_names_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "b\udcff"
    write(folder / "0.png", png())
    write(tmp_path / "a/0.png", png())
    assert refused(tmp_path) == (
        f"The name of {str(folder / '0.png')!a} is not in UTF-8. Rename the file or folder."
    )
