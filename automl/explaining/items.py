"""How rows of tables, images and texts are shown; see `shown.Shown`."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from automl.data.raw import RawData
from automl.explaining.occlusion import Fields, Part
from automl.explaining.pictures import full_colour, heat_png, image_png

_TILES = 8  # a side, of an image that is hidden part by part


@dataclass(frozen=True)
class Tables:
    """One number a column of the table."""

    encoder: Any
    start = "a row in the middle of every column"
    hidden = "a column is put to its middle, or to no category"

    def parts(self, row: Fields) -> Iterator[Part]:
        for _, name, places in self._columns():
            mask = np.zeros(row[name].shape, bool)
            mask[places] = True
            yield {name: mask}

    def input(self, row: Fields, raw: RawData | None, place: int) -> dict[str, Any]:  # noqa: ARG002
        assert raw is not None
        return {column.name: _plain(raw.frame[column.name][place]) for column in self.encoder.columns}

    def attribution(self, row: Fields, parts: Fields) -> dict[str, float]:  # noqa: ARG002
        return {column: float(parts[name][places].sum()) for column, name, places in self._columns()}

    def _columns(self) -> Iterator[tuple[str, str, slice]]:
        """Each column, with the field that it is in and its places there."""
        n_numbers = n_codes = 0
        for column in self.encoder.columns:
            if column.type == "category":
                yield column.name, "categorical", slice(n_codes, n_codes + 1)
                n_codes += 1
            else:
                yield column.name, "numeric", slice(n_numbers, n_numbers + column.n_numeric)
                n_numbers += column.n_numeric


@dataclass(frozen=True)
class Images:
    """One number a pixel, the sum over its colours."""

    encoder: Any
    start = "an image with the mean of the training pixels"
    hidden = "a tile of the image is put to the mean of the training pixels"

    def parts(self, row: Fields) -> Iterator[Part]:
        _, height, width = row["image"].shape
        for rows in np.array_split(np.arange(height), min(_TILES, height)):
            for columns in np.array_split(np.arange(width), min(_TILES, width)):
                mask = np.zeros(row["image"].shape, bool)
                mask[:, rows[:, np.newaxis], columns] = True
                yield {"image": mask}

    def input(self, row: Fields, raw: RawData | None, place: int) -> dict[str, Any]:  # noqa: ARG002
        assert raw is not None
        return {"png": b64encode(image_png(raw.values[place])).decode()}  # type: ignore[index]

    def attribution(self, row: Fields, parts: Fields) -> dict[str, Any]:  # noqa: ARG002
        values = parts["image"].sum(axis=0)
        largest, full = float(np.abs(values).max()), full_colour(values)
        return {"png": b64encode(heat_png(values)).decode(), "largest": largest, "full_colour": full}


@dataclass(frozen=True)
class Texts:
    """One number a token."""

    encoder: Any
    start = "a text of unknown words"
    hidden = "a token is taken for an unknown one"

    def parts(self, row: Fields) -> Iterator[Part]:
        for place in range(self._n_tokens(row)):
            yield {"tokens": np.arange(len(row["tokens"])) == place}

    def input(self, row: Fields, raw: RawData | None, place: int) -> dict[str, Any]:  # noqa: ARG002
        return {"tokens": [self.encoder.vocabulary[code] for code in row["tokens"][: self._n_tokens(row)]]}

    def attribution(self, row: Fields, parts: Fields) -> list[float]:
        return [float(value) for value in parts["tokens"][: self._n_tokens(row)]]

    def _n_tokens(self, row: Fields) -> int:
        return int(np.count_nonzero(row["tokens"]))


def _plain(value: Any) -> Any:
    """A value of a table for JSON."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, int | str) else str(value)
