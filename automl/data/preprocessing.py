"""The fitted preprocessing: plain data that turns rows as they come into what a network is fed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from automl.data import images, values
from automl.data.columns import BooleanColumn, CategoryColumn, Column, NumberColumn
from automl.data.dates import DateColumn
from automl.data.infer import Inferred
from automl.data.raw import DataKind, RawData
from automl.data.target import encode_target
from automl.errors import DataError, nearest
from automl.task import Array, Field, Signature, Task

_TYPES: Mapping[str, Any] = {t.type: t for t in (NumberColumn, CategoryColumn, BooleanColumn, DateColumn)}


@dataclass(frozen=True)
class ImageScale:
    """Size and channels of images, and per channel the mean and deviation of training pixels, 0 to 255."""

    height: int
    width: int
    channels: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


@dataclass(frozen=True)
class Preprocessing:
    """How rows are encoded; fitted on the training rows alone.

    Args:
        columns: of a table, those that are used, in the order of the encoding.
        image: of images.
    """

    kind: DataKind
    task: Task
    columns: tuple[Column, ...] = ()
    image: ImageScale | None = None

    @property
    def signature(self) -> Signature:
        """What a network is given, and how many numbers it gives back."""
        if self.image is not None:
            fields = {"image": Field((self.image.channels, self.image.height, self.image.width))}
            return Signature("image", fields, self.task.n_outputs)
        fields = {}
        n_numeric = sum(column.n_numeric for column in self.columns)
        cardinalities = tuple(c.cardinality for c in self.columns if isinstance(c, CategoryColumn))
        if n_numeric:
            fields["numeric"] = Field((n_numeric,))
        if cardinalities:
            fields["categorical"] = Field((len(cardinalities),), "int64", cardinalities)
        return Signature("table", fields, self.task.n_outputs)

    def encode(self, data: RawData | pl.DataFrame | Array | Sequence[str | Path]) -> dict[str, Array]:
        """The fields of the signature for a table, or for images as arrays or files."""
        if isinstance(data, RawData):
            return self.encode_frame(data.frame) if data.images is None else self.encode_images(data.images)
        return self.encode_frame(data) if isinstance(data, pl.DataFrame) else self.encode_images(data)

    def encode_frame(self, frame: pl.DataFrame) -> dict[str, Array]:
        """``numeric`` float32 and ``categorical`` int64, each ``(rows, n)``; other columns are left aside.

        Raises:
            DataError: a column is missing, or holds values of another type than in training.
        """
        self._check_kind("table")
        names = [column.name for column in self.columns]
        lacking = [name for name in names if name not in frame.columns]
        if lacking:
            raise DataError(
                f"The data needs the column {lacking[0]!r}, which training had, but does not have it; "
                f"{nearest(lacking[0], frame.columns)}"
                + (f" Also missing: {', '.join(lacking[1:6])}." if lacking[1:] else "")
            )
        tidy, nested = values.tidy(frame.select(names))
        if nested:
            raise DataError(
                f"The column {nested[0]} should hold plain values, but it holds {frame[nested[0]].dtype}."
            )
        parts = {column.name: column.encode(tidy[column.name]) for column in self.columns}
        codes = [parts[c.name] for c in self.columns if isinstance(c, CategoryColumn)]
        numbers = [parts[c.name] for c in self.columns if not isinstance(c, CategoryColumn)]
        encoded = {}
        if "numeric" in self.signature.inputs:
            encoded["numeric"] = np.concatenate(numbers, axis=1)
        if codes:
            encoded["categorical"] = np.stack(codes, axis=1)
        return encoded

    def encode_images(self, data: Array | Sequence[str | Path]) -> dict[str, Array]:
        """``image`` float32 ``(rows, channels, height, width)`` from uint8 ``(rows, h, w, c)`` or files."""
        self._check_kind("image")
        scale = self.image
        assert scale is not None
        if isinstance(data, np.ndarray):
            pixels = images.resized(data, scale.height, scale.width, scale.channels)
        else:
            files = [Path(file) for file in data]
            pixels = images.load(files, scale.height, scale.width, scale.channels, "the data")
        out = np.empty((len(pixels), scale.channels, scale.height, scale.width), np.float32)
        for c in range(scale.channels):
            np.subtract(pixels[..., c], scale.mean[c], out=out[:, c], dtype=np.float32)
            out[:, c] /= np.float32(scale.deviation[c])
        return {"image": out}

    def encode_target(self, frame: pl.DataFrame) -> Array:
        """Class codes, int64, or values, float64, ``(rows,)``; raises `DataError` for a class never seen."""
        if self.task.target not in frame.columns:
            hint = nearest(self.task.target, frame.columns)
            raise DataError(f"The data has no column {self.task.target!r}, the target of training; {hint}")
        tidy, _ = values.tidy(frame.select(self.task.target))
        if self.task.target not in tidy.columns:
            raise DataError(
                f"The target {self.task.target} should hold plain values, but it holds lists or bytes."
            )
        return encode_target(tidy[self.task.target], self.task)

    def schema(self) -> list[dict[str, Any]]:
        """What a row to predict must have: one entry a column, or one for the image."""
        if self.image is not None:
            shape = {"height": self.image.height, "width": self.image.width, "channels": self.image.channels}
            return [{"name": "image", "type": "image", "required": True, **shape}]
        return [{"name": c.name, "type": c.type, "required": True, **c.describe()} for c in self.columns]

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Values for JSON and arrays by name; `from_plain` makes an equal one of them."""
        arrays: dict[str, Array] = {}
        columns = []
        for i, column in enumerate(self.columns):
            plain, own = column.to_plain()
            columns.append({"type": column.type, **plain})
            arrays |= {f"{i}.{key}": array for key, array in own.items()}
        image = None if self.image is None else {**vars(self.image)}
        if image is not None:
            image |= {"mean": list(image["mean"]), "deviation": list(image["deviation"])}
        return {"kind": self.kind, "task": self.task.to_plain(), "columns": columns, "image": image}, arrays

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], arrays: Mapping[str, Array]) -> Preprocessing:
        columns = []
        for i, column in enumerate(plain["columns"]):
            own = {key.split(".", 1)[1]: array for key, array in arrays.items() if key.startswith(f"{i}.")}
            columns.append(_TYPES[column["type"]].from_plain(column, own))
        image = plain["image"]
        if image is not None:
            image = ImageScale(
                **{**image, "mean": tuple(image["mean"]), "deviation": tuple(image["deviation"])}
            )
        return cls(plain["kind"], Task.from_plain(plain["task"]), tuple(columns), image)

    def _check_kind(self, given: DataKind) -> None:
        if self.kind != given:
            raise DataError(
                f"This model was trained on data of the kind {self.kind}, but it is given {given} data."
            )


def fit_table(frame: pl.DataFrame, types: Mapping[str, Inferred], numbers: str, task: Task) -> Preprocessing:
    """The preprocessing of a table, from its tidy training rows."""
    columns: list[Column] = []
    for name, found in types.items():
        if found.type == "number":
            columns.append(NumberColumn.fit(frame[name], numbers))
        elif found.type == "category":
            columns.append(CategoryColumn.fit(frame[name]))
        elif found.type == "boolean":
            columns.append(BooleanColumn(name))
        elif found.type == "date":
            columns.append(DateColumn.fit(frame[name]))
    return Preprocessing("table", task, tuple(columns))


def fit_images(pixels: Array, task: Task) -> Preprocessing:
    """The preprocessing of images, from training images uint8 ``(rows, height, width, channels)``."""
    _, height, width, channels = pixels.shape
    levels = np.arange(256)
    mean, deviation = [], []
    for c in range(channels):
        counts = np.bincount(pixels[..., c].ravel(), minlength=256)
        mean.append(float(counts @ levels / counts.sum()))
        deviation.append(float(np.sqrt(counts @ (levels - mean[-1]) ** 2 / counts.sum())) or 1.0)
    return Preprocessing(
        "image", task, (), ImageScale(height, width, channels, tuple(mean), tuple(deviation))
    )
