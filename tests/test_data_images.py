"""Folders of images: sizes, modes, and files that are not what they seem."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automl.data import RawData, prepare, read, read_for_prediction
from automl.data.raw import fingerprint
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec


def write(path: Path, mode: str = "L", size: tuple[int, int] = (8, 8), colour: object = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)  # type: ignore[arg-type]


def folder_of(path: Path, n_each: int = 6) -> Path:
    for label, colour in (("dark", 20), ("light", 220)):
        for i in range(n_each):
            write(path / label / f"{i}.png", colour=colour + i)
    return path


def test_grey_images_have_one_channel_and_the_median_size(tmp_path: Path) -> None:
    write(tmp_path / "a" / "1.png", size=(10, 10))
    write(tmp_path / "a" / "2.png", size=(13, 13))
    write(tmp_path / "b" / "3.jpg", size=(31, 14), colour=200)
    raw = read(DataSpec(path=str(tmp_path)))
    assert raw.values is not None
    assert raw.values.shape == (3, 12, 12, 1)
    assert raw.frame["label"].to_list() == ["a", "a", "b"]
    assert raw.notes == ("3 images as 12 x 12 with 1 channel",)
    asked = read(DataSpec(path=str(tmp_path), image_size=6))
    assert asked.values is not None
    assert asked.values.shape == (3, 6, 6, 1)
    assert fingerprint(asked) == fingerprint(raw)


def test_large_images_are_made_small(tmp_path: Path) -> None:
    write(tmp_path / "a" / "1.png", size=(300, 200))
    images = read(DataSpec(path=str(tmp_path))).values
    assert images is not None
    assert images.shape == (1, 64, 64, 1)


def test_every_mode_becomes_colour_on_white(tmp_path: Path) -> None:
    write(tmp_path / "a" / "1.png", "RGBA", colour=(255, 0, 0, 0))
    write(tmp_path / "a" / "2.png", "RGB", colour=(255, 0, 0))
    write(tmp_path / "a" / "3.png", "L", colour=100)
    write(tmp_path / "a" / "4.png", "P")
    write(tmp_path / "a" / "5.png", "I;16", colour=257 * 50)
    images = read(DataSpec(path=str(tmp_path))).values
    assert images is not None
    colours = [tuple(image[0, 0].tolist()) for image in images]
    assert colours == [(255, 255, 255), (255, 0, 0), (100, 100, 100), (0, 0, 0), (50, 50, 50)]


def bomb() -> bytes:
    """A PNG whose header asks for 400 million pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


def test_damaged_images_are_named_and_counted(tmp_path: Path) -> None:
    folder_of(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    Image.fromarray(noise).save(tmp_path / "dark" / "cut.png")
    content = (tmp_path / "dark" / "cut.png").read_bytes()
    (tmp_path / "dark" / "cut.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError) as caught:
        read(DataSpec(path=str(tmp_path)))
    rest = "Each must be a whole PNG or JPEG image of at most 64 million pixels. Repair or remove them."
    assert str(caught.value) == f"1 of the 13 images in {tmp_path} cannot be used: cut.png. {rest}"
    (tmp_path / "dark" / "bomb.png").write_bytes(bomb())
    (tmp_path / "light" / "text.jpg").write_text("not an image")
    Image.new("L", (4, 4)).save(tmp_path / "light" / "gif.png", format="GIF")
    with pytest.raises(DataError) as caught:
        read(DataSpec(path=str(tmp_path)))
    assert (
        str(caught.value)
        == f"3 of the 16 images in {tmp_path} cannot be used: bomb.png, gif.png, text.jpg. {rest}"
    )


def test_a_folder_without_classes_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "1.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        read(DataSpec(path=str(tmp_path)))
    assert str(caught.value) == (
        f"{tmp_path} should hold one folder of PNG or JPEG images for each class, but it holds 1 folders "
        "without "
        "images and 1 images outside of folders. Sort the images into one folder a class."
    )


def test_images_are_prepared_and_predicted_alike(tmp_path: Path) -> None:
    path = folder_of(tmp_path / "shapes")
    (path / "dark" / "notes.txt").write_text("x")
    prepared = prepare(DataSpec(path=str(path)), SplitSpec(), "auto")
    assert prepared.name == "shapes"
    assert prepared.task.classes == ("dark", "light")
    assert prepared.signature.inputs["image"].shape == (1, 8, 8)
    assert "left out 1 files that are not PNG or JPEG" in prepared.notes
    assert prepared.train.inputs["image"].dtype == np.float32
    assert abs(float(prepared.train.inputs["image"].mean())) < 1e-5
    found = read_for_prediction(path, prepared.preprocessing)
    assert isinstance(found, RawData)
    encoded = prepared.preprocessing.encode(found)["image"]
    np.testing.assert_array_equal(encoded[prepared.test.index], prepared.test.inputs["image"])
    target = prepared.preprocessing.encode_target(found)
    np.testing.assert_array_equal(target[prepared.test.index], prepared.test.target)
    one = read_for_prediction(path / "dark" / "0.png", prepared.preprocessing)
    np.testing.assert_array_equal(prepared.preprocessing.encode(one)["image"], encoded[:1])


def test_a_folder_of_its_own_gives_the_test_rows(tmp_path: Path) -> None:
    prepared = prepare(
        DataSpec(path=str(folder_of(tmp_path / "one"))),
        SplitSpec(test=str(folder_of(tmp_path / "two", 2))),
        "auto",
    )
    assert prepared.test.index.tolist() == [12, 13, 14, 15]
    assert len(prepared.train) + len(prepared.validation) == 12


def test_images_of_another_size_and_mode_are_fitted_for_prediction(tmp_path: Path) -> None:
    prepared = prepare(DataSpec(path=str(folder_of(tmp_path))), SplitSpec(), "auto")
    colour = np.full((2, 20, 30, 3), 20, np.uint8)
    assert prepared.preprocessing.encode(colour)["image"].shape == (2, 1, 8, 8)
