"""IDX files, the format of MNIST (https://yann.lecun.org/exdb/mnist, "file formats"), plain or gzipped."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from automl.data.files.compressed import gunzipped
from automl.data.files.sniff import looks_like
from automl.data.raw import RawData
from automl.data.readers import Reader
from automl.data.readers.npz import from_arrays
from automl.errors import DataError
from automl.spec import DataSpec
from automl.task import Array

_UNSIGNED_BYTE = 0x08  # the third byte of the magic number; the fourth is the number of dimensions


def _is_images(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    return "images" in name and name.endswith(("idx3-ubyte", "idx4-ubyte"))


def _accepts(path: Path) -> bool:
    return any(map(_is_images, path.iterdir())) if path.is_dir() else _is_images(path)


def _read(path: Path, data: DataSpec) -> RawData:
    files = sorted(filter(_is_images, path.iterdir())) if path.is_dir() else [path]
    train = [file for file in files if not file.name.lower().startswith(("t10k", "test"))]
    test = [file for file in files if file not in train]
    if len(train) > 1 or len(test) > 1 or not files:
        raise DataError(
            f"{path} must hold one file of training images and at most one of test images, but it holds "
            f"{', '.join(file.name for file in files)}. Keep one data set in one folder."
        )
    pairs = [(read_idx(file), read_idx(_labels_of(file))) for file in (*train, *test)]
    given = None
    if train and test:
        n_train, n_test = (len(images) for images, _ in pairs)
        given = {"train": np.arange(n_train), "test": np.arange(n_train, n_train + n_test)}
    if len({images.shape[1:] for images, _ in pairs}) > 1:
        raise DataError(f"The training and test images in {path} must be of one size, but are of two.")
    x = np.concatenate([images for images, _ in pairs])
    y = np.concatenate([labels for _, labels in pairs])
    name = path.stem if path.is_dir() else path.name.split("-images")[0].split(".")[0]
    return from_arrays(name, x, y, given, data.image_size, str(path))


def _labels_of(images: Path) -> Path:
    wanted = images.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    for name in (wanted, wanted.removesuffix(".gz"), wanted + ".gz"):
        if (images.parent / name).is_file():
            return images.parent / name
    raise DataError(f"{images} needs its labels beside it in {wanted}, but there is no such file.")


def read_idx(path: Path) -> Array:
    """The array in an IDX file of unsigned bytes.

    Raises:
        DataError: it is of another format or type, or is cut off.
    """
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gunzipped(content, path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE or not 1 <= content[3] <= 4:
        raise DataError(
            f"{path} should be an IDX file of unsigned bytes, but it begins with "
            f"{content[:4].hex() or 'nothing'} "
            f"({looks_like(content[:4096])}). Check the file."
        )
    n_dimensions = content[3]
    start = 4 + 4 * n_dimensions
    shape = tuple(int(size) for size in np.frombuffer(content[4:start], ">u4"))
    if len(shape) != n_dimensions or len(content) - start != math.prod(shape):
        raise DataError(
            f"{path} says that it holds {math.prod(shape)} bytes of shape {shape}, but "
            f"{len(content) - start} "
            "follow. It is cut off or damaged; fetch it again."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


READER = Reader("idx", "IDX files as of MNIST (train-images-idx3-ubyte beside its labels)", _accepts, _read)
