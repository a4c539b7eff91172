"""A folder with one folder of PNG or JPEG images for each class."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import polars as pl

from automl.data import images
from automl.data.raw import LABEL, RawData
from automl.data.readers import Reader, idx
from automl.errors import DataError


def _accepts(path: Path) -> bool:
    return path.is_dir() and not idx.READER.accepts(path)


def _read(path: Path, image_size: int | None) -> RawData:
    files, labels, notes = _labelled_files(path)
    size, channels = images.survey(files, str(path))
    size = size if image_size is None else image_size
    pixels = images.load(files, size, size, channels, str(path))
    frame = pl.DataFrame({LABEL: labels}, schema={LABEL: pl.String})
    # The bytes are hashed, not the pixels: resizing may differ by a bit between versions of Pillow.
    digest = sha256()
    for file, label in zip(files, labels, strict=True):
        digest.update(f"{label}\0".encode() + sha256(file.read_bytes()).digest())
    notes = (*notes, f"{len(files)} images as {size} x {size} with {channels} channel{'s' * (channels > 1)}")
    return RawData(path.name, "image", frame, pixels, None, notes, LABEL, content=digest.hexdigest())


def _labelled_files(path: Path) -> tuple[list[Path], list[str], tuple[str, ...]]:
    """The image files of every class, by class and name, their classes, and what is left out."""
    folders = sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    files: list[Path] = []
    labels: list[str] = []
    others = 0
    for folder in folders:
        for file in sorted(entry for entry in folder.iterdir() if entry.is_file()):
            if images.is_image(file):
                files.append(file)
                labels.append(folder.name)
            else:
                others += not file.name.startswith(".")
    if not files:
        loose = sum(map(images.is_image, path.iterdir()))
        raise DataError(
            f"{path} should hold one folder of PNG or JPEG images for each class, but it holds "
            f"{len(folders)} "
            f"folders without images and {loose} images outside of folders. Sort the images into one folder "
            "a class."
        )
    return files, labels, (f"left out {others} files that are not PNG or JPEG",) if others else ()


READER = Reader(
    "image_folder", "a folder with one folder of PNG or JPEG images for each class", _accepts, _read
)
