"""Folders of PNG or JPEG images."""

from __future__ import annotations

from pathlib import Path

from automl.data import images
from automl.data.files.folders import read_folder
from automl.data.files.media import IMAGE, medium_of
from automl.data.raw import RawData
from automl.data.readers import Reader, idx, ts
from automl.spec import DataSpec


def _accepts(path: Path) -> bool:
    """Every folder that no other reader accepts, so that what is amiss is said of it."""
    others = (idx.READER, ts.READER)
    return (
        path.is_dir()
        and not any(reader.accepts(path) for reader in others)
        and medium_of(path) in (IMAGE, None)
    )


def _read(path: Path, data: DataSpec) -> RawData:
    found = read_folder(path, IMAGE)
    size, channels = images.survey(found.files, str(path))
    size = size if data.image_size is None else data.image_size
    pixels = images.load(found.files, size, size, channels, str(path))
    said = f"{len(pixels)} images as {size} x {size} with {channels} channel{'s' * (channels > 1)}"
    return RawData(
        path.name,
        "image",
        found.frame,
        pixels,
        found.given_splits,
        (*found.notes, said),
        found.target,
        content=found.content(),
    )


READER = Reader(
    "image_folder",
    "a folder with one folder of PNG or JPEG images for each class, or with a metadata.csv that names them",
    _accepts,
    _read,
)
