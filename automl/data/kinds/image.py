"""Images of one size, grey or coloured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from automl.data import images
from automl.data.files.folders import files_to_predict
from automl.data.files.media import IMAGE
from automl.data.kinds import Encoder, Kind
from automl.data.raw import RawData
from automl.data.readers import npz, reader_for
from automl.errors import DataError
from automl.signature import Field
from automl.spec import DataSpec, SplitSpec
from automl.task import Array, Task


@dataclass(frozen=True)
class ImageEncoder:
    """``image`` float32 ``(rows, channels, height, width)``, standardised channel by channel.

    Args:
        mean: of training pixels, 0 to 255, one a channel.
        deviation: likewise.
    """

    height: int
    width: int
    channels: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    kind: ClassVar[str] = "image"
    details: ClassVar[Mapping[str, int]] = {}

    @property
    def fields(self) -> Mapping[str, Field]:
        return {"image": Field((self.channels, self.height, self.width))}

    @property
    def options(self) -> Mapping[str, Any]:
        return {"image_size": self.height}

    def encode(self, raw: RawData) -> dict[str, Array]:
        assert isinstance(raw.values, np.ndarray)
        pixels = images.resized(raw.values, self.height, self.width, self.channels)
        out = np.empty((len(pixels), self.channels, self.height, self.width), np.float32)
        for c in range(self.channels):
            np.subtract(pixels[..., c], self.mean[c], out=out[:, c], dtype=np.float32)
            out[:, c] /= np.float32(self.deviation[c])
        return {"image": out}

    def schema(self) -> list[dict[str, Any]]:
        shape = {"height": self.height, "width": self.width, "channels": self.channels}
        return [{"name": "image", "type": "image", "required": True, **shape}]

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        return {**asdict(self), "mean": list(self.mean), "deviation": list(self.deviation)}, {}


def _restore(plain: Mapping[str, Any], _arrays: Mapping[str, Array]) -> ImageEncoder:
    numbers = {name: tuple(plain[name]) for name in ("mean", "deviation")}
    return ImageEncoder(plain["height"], plain["width"], plain["channels"], **numbers)


def _fit(raw: RawData, _task: Task, _data: DataSpec, _split: SplitSpec) -> tuple[Encoder, tuple[str, ...]]:
    assert isinstance(raw.values, np.ndarray)
    _, height, width, channels = raw.values.shape
    levels = np.arange(256)
    mean, deviation = [], []
    for c in range(channels):
        counts = np.bincount(raw.values[..., c].ravel(), minlength=256)
        mean.append(float(counts @ levels / counts.sum()))
        deviation.append(float(np.sqrt(counts @ (levels - mean[-1]) ** 2 / counts.sum())) or 1.0)
    return ImageEncoder(height, width, channels, tuple(mean), tuple(deviation)), ()


def _read(source: Path, encoder: ImageEncoder, task: Task) -> RawData:
    """Rows whose frame has ``file`` or ``label`` where there is one."""
    spec = DataSpec(path=str(source))
    if source.suffix.lower() == ".npz":
        return npz.images_of(source)
    if source.is_file() and not images.is_image(source):
        raw = reader_for(source).read(source, spec)
        if raw.kind != "image":
            raise DataError(f"This model was trained on images, but {source} is a {raw.kind}; give images.")
        return raw
    if source.is_dir() and reader_for(source).name not in ("image_folder", "audio_folder", "text_folder"):
        raw = reader_for(source).read(source, spec)
        if raw.kind == "image":
            return raw
    files, frame = files_to_predict(source, IMAGE, task)
    pixels = images.load(files, encoder.height, encoder.width, encoder.channels, str(source))
    return RawData(source.stem, "image", frame, pixels)


def _from_memory(data: Any, _encoder: ImageEncoder) -> RawData:
    if isinstance(data, RawData):
        if data.kind != "image":
            raise DataError(f"This model was trained on images, but it is given {data.kind} data.")
        return data
    rest: dict[str, Any] = {}
    if isinstance(data, Mapping):
        if "image" not in data:
            raise DataError(f'Images are given as "image", but got {", ".join(map(str, data))}.')
        rest = {name: values for name, values in data.items() if name != "image"}
        data = data["image"]
    if isinstance(data, pl.DataFrame | pl.LazyFrame):
        raise DataError("This model was trained on images, but it is given a table; give images.")
    pixels = np.asarray(data)
    if pixels.dtype != np.uint8 or pixels.ndim not in (3, 4):
        raise DataError(
            "Images are uint8, (rows, height, width, channels) or (rows, height, width), but an array of "
            f"{pixels.dtype} and shape {pixels.shape} came."
        )
    pixels = pixels[..., np.newaxis] if pixels.ndim == 3 else pixels
    frame = pl.DataFrame(rest) if rest else pl.DataFrame({"row": np.arange(len(pixels))})
    return RawData("data", "image", frame, pixels)


def _decode(encoder: ImageEncoder, fields: Mapping[str, Array]) -> RawData:
    scale, shift = (np.asarray(v, np.float32)[:, None, None] for v in (encoder.deviation, encoder.mean))
    pixels = (fields["image"] * scale + shift).round().clip(0, 255).astype(np.uint8)
    frame = pl.DataFrame({"row": np.arange(len(pixels))})
    return RawData("generated", "image", frame, np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)))


KIND = Kind("image", _fit, _restore, _read, _from_memory, decode=_decode)
