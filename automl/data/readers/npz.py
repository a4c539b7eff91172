"""NPZ files with arrays x and y, or x_train, y_train, x_test and y_test; pickled objects are refused."""

from __future__ import annotations

import tokenize
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from automl.data.files.sniff import head_of, looks_like
from automl.data.files.unpacking import DAMAGED, check_sizes
from automl.data.images import resized
from automl.data.limits import check_columns
from automl.data.raw import LABEL, RawData
from automl.data.readers import Reader
from automl.errors import DataError
from automl.spec import DataSpec
from automl.task import Array

TARGET = "y"
# What NumPy and the standard library raise for archives and headers that are damaged, or lie.
_UNREADABLE = (
    *DAMAGED,
    OSError,
    MemoryError,
    OverflowError,
    SyntaxError,
    TypeError,
    tokenize.TokenError,
)


def _accepts(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() == ".npz"


def _read(path: Path, data: DataSpec) -> RawData:
    arrays = load(path)
    if "x" in arrays and "y" in arrays:
        return from_arrays(path.stem, arrays["x"], arrays["y"], None, data.image_size, str(path))
    if all(key in arrays for key in ("x_train", "y_train", "x_test", "y_test")):
        if arrays["x_train"].shape[1:] != arrays["x_test"].shape[1:]:
            raise DataError(
                f"x_train and x_test in {path} must agree in all but the number of rows, but their shapes "
                "are "
                f"{arrays['x_train'].shape} and {arrays['x_test'].shape}."
            )
        n_train, n_test = len(arrays["x_train"]), len(arrays["x_test"])
        x = np.concatenate([arrays["x_train"], arrays["x_test"]])
        y = np.concatenate([arrays["y_train"], arrays["y_test"]])
        given = {"train": np.arange(n_train), "test": np.arange(n_train, n_train + n_test)}
        return from_arrays(path.stem, x, y, given, data.image_size, str(path))
    raise DataError(
        f"{path} must hold the arrays x and y, or x_train, y_train, x_test and y_test, but it holds "
        f"{', '.join(sorted(arrays)) or 'nothing'}. Save it with these names."
    )


def load(path: Path) -> dict[str, Array]:
    """The arrays of an NPZ file by name in lower case."""
    head = head_of(path)
    if not head.startswith(b"PK"):
        raise DataError(f"{path} should be an NPZ archive, but it is {looks_like(head)}. Check the file.")
    try:
        with zipfile.ZipFile(path) as archive:
            check_sizes(archive, path, path.stat().st_size)
        with np.load(path, allow_pickle=False) as file:
            return {key.lower(): file[key] for key in file.files}
    except _UNREADABLE as error:
        raise DataError(
            f"{path} cannot be read as arrays of numbers or text ({error}). Pickled objects are refused "
            "because "
            "loading them runs code; save arrays of one type."
        ) from error


def table_of(path: Path) -> pl.DataFrame:
    """The table in an NPZ file, with its target where there is one."""
    arrays = load(path)
    x, y = (arrays.get(name, arrays.get(f"{name}_test")) for name in ("x", "y"))
    if x is None or x.ndim != 2 or x.dtype.kind not in "biuf":
        raise DataError(
            f"{path} must hold an array x of numbers (rows, columns), but it holds {_shapes(arrays)}."
        )
    check_columns(x.shape[1], str(path))
    frame = pl.DataFrame({f"x{i}": x[:, i] for i in range(x.shape[1])})
    return frame if y is None or y.shape != (len(x),) else frame.with_columns(pl.Series(TARGET, y))


def images_of(path: Path) -> RawData:
    """The images in an NPZ file, with their labels where there are any."""
    arrays = load(path)
    x, y = (arrays.get(name, arrays.get(f"{name}_test")) for name in ("x", "y"))
    if x is None:
        raise DataError(f"{path} must hold an array x of images, but it holds {_shapes(arrays)}.")
    stand_in = x.reshape(len(x), -1)[:, 0] if y is None else y
    raw = from_arrays(path.stem, x, stand_in, None, None, str(path))
    if raw.kind != "image":
        raise DataError(f"This model was trained on images, but {path} holds a table; give images.")
    return (
        raw if y is not None else replace(raw, frame=raw.frame.drop(LABEL).with_row_index("row"), target=None)
    )


def _shapes(arrays: Mapping[str, Array]) -> str:
    found = (f"{name} {array.dtype} {array.shape}" for name, array in sorted(arrays.items()))
    return ", ".join(found) or "nothing"


def from_arrays(
    name: str, x: Array, y: Array, given: dict[str, Array] | None, image_size: int | None, source: str
) -> RawData:
    """A table from ``(rows, columns)``; images from uint8 ``(rows, height, width[, channels])``."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1 or x.ndim < 1 or len(x) != len(y):
        raise DataError(
            f"x and y in {source} must have as many rows as each other, and y one value a row, but their "
            "shapes "
            f"are {x.shape} and {y.shape}."
        )
    if x.ndim == 2 and x.dtype.kind in "biuf":
        check_columns(x.shape[1], source)
        frame = pl.DataFrame({f"x{i}": np.ascontiguousarray(x[:, i]) for i in range(x.shape[1])})
        return RawData(name, "table", frame.with_columns(pl.Series(TARGET, y)), None, given, (), TARGET)
    images = x[..., None] if x.ndim == 3 else x
    if (
        images.ndim != 4
        or images.dtype != np.uint8
        or images.shape[-1] not in (1, 3)
        or 0 in images.shape[1:]
    ):
        raise DataError(
            f"x in {source} must be numbers (rows, columns), or uint8 images (rows, height, width) or (rows, "
            f"height, width, 1 or 3), but it is {x.dtype} of shape {x.shape}."
        )
    if image_size is not None:
        images = resized(images, image_size, image_size)
    labels = pl.Series(
        LABEL, [value.decode() if isinstance(value, bytes) else str(value) for value in y.tolist()]
    )
    return RawData(name, "image", labels.to_frame(), images, given, (), LABEL)


READER = Reader("npz", "NumPy archives (.npz)", _accepts, _read)
