"""Rows to predict: read as training read them, with or without a target."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from automl.data import images, values
from automl.data.preprocessing import Preprocessing
from automl.data.raw import LABEL, RawData
from automl.data.readers import npz, reader_for
from automl.errors import DataError, NotFoundError


def read_for_prediction(path: str | Path, preprocessing: Preprocessing) -> pl.DataFrame | RawData:
    """A frame for a table; for images a `RawData`, whose frame has ``file`` or ``label`` where there is one.

    Columns of a text file stay text: the preprocessing turns them into what training saw.

    Raises:
        NotFoundError: nothing is there.
        DataError: it cannot be read, or is of another kind than the model was trained on.
    """
    source = Path(path).expanduser()
    if not source.exists():
        raise NotFoundError(f"There is no file or folder {source} to predict from; check the path.")
    found = _images(source, preprocessing) if preprocessing.kind == "image" else _table(source)
    if len(found) == 0:
        raise DataError(f"{source} has no rows to predict.")
    return found


def _table(source: Path) -> pl.DataFrame:
    if source.suffix.lower() == ".npz":
        arrays = npz.load(source)
        x = arrays.get("x", arrays.get("x_test"))
        if x is not None and x.ndim == 2 and x.dtype.kind in "biuf":
            frame = pl.DataFrame({f"x{i}": x[:, i] for i in range(x.shape[1])})
            y = arrays.get("y", arrays.get("y_test"))
            return (
                frame if y is None or y.shape != (len(x),) else frame.with_columns(pl.Series(npz.TARGET, y))
            )
        raise DataError(
            f"{source} must hold an array x of numbers (rows, columns), but it holds {_shapes(arrays)}."
        )
    if source.is_dir() or images.is_image(source):
        raise DataError(
            f"This model was trained on a table, but {source} is a folder or an image; give a table."
        )
    raw = reader_for(source).read(source, None)
    return values.tidy(raw.frame)[0]


def _images(source: Path, preprocessing: Preprocessing) -> RawData:
    if source.suffix.lower() == ".npz":
        arrays = npz.load(source)
        x, y = arrays.get("x", arrays.get("x_test")), arrays.get("y", arrays.get("y_test"))
        if x is None:
            raise DataError(f"{source} must hold an array x of images, but it holds {_shapes(arrays)}.")
        raw = npz.from_arrays(
            source.stem, x, x.reshape(len(x), -1)[:, 0] if y is None else y, None, None, str(source)
        )
        if raw.kind != "image":
            raise DataError(f"This model was trained on images, but {source} holds a table; give images.")
        return (
            raw
            if y is not None
            else RawData(raw.name, "image", raw.frame.drop(LABEL).with_row_index("row"), raw.images)
        )
    if source.is_file() and not images.is_image(source):
        raw = reader_for(source).read(source, None)
        if raw.kind != "image":
            raise DataError(f"This model was trained on images, but {source} is a table; give images.")
        return raw
    return _image_files(source, preprocessing)


def _image_files(source: Path, preprocessing: Preprocessing) -> RawData:
    files = [source] if source.is_file() else sorted(filter(images.is_image, source.rglob("*")))
    if not files and source.is_dir() and any(source.iterdir()):
        raw = reader_for(source).read(source, None)
        assert raw.images is not None
        return raw
    if not files:
        raise DataError(f"{source} holds no PNG or JPEG images to predict from.")
    scale = preprocessing.image
    assert scale is not None
    pixels = images.load(files, scale.height, scale.width, scale.channels, str(source))
    frame = pl.DataFrame(
        {"file": [file.name if file == source else str(file.relative_to(source)) for file in files]}
    )
    parents = [file.parent.name for file in files]
    if all(parent in preprocessing.task.classes for parent in parents):
        frame = frame.with_columns(pl.Series(LABEL, parents))
    return RawData(source.stem, "image", frame, pixels)


def _shapes(arrays: object) -> str:
    assert isinstance(arrays, dict)
    return (
        ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in sorted(arrays.items()))
        or "nothing"
    )
