"""Image files as arrays of one size and one number of channels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from automl.errors import DataError
from automl.task import Array

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG")
ENDINGS = (".png", ".jpg", ".jpeg")
MAX_PIXELS = 64_000_000  # of one file; decoding more is refused, as a small file can ask for any amount
LARGEST_INFERRED_SIDE = 64


def is_image(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".")


def survey(files: Sequence[Path | BinaryIO], source: str) -> tuple[int, int]:
    """The side in pixels that suits these files, and 1 channel where all are grey, else 3.

    The side is the median over both sides of all files, rounded to a multiple of 4, and from 4 to 64.
    """
    sides: list[int] = []
    grey = True
    damaged: list[Path | BinaryIO] = []
    for file in files:
        try:
            with _open(file) as image:
                sides.extend(image.size)
                grey = grey and image.mode in ("1", "L", "I", "I;16", "LA")
        except _UNREADABLE:
            damaged.append(file)
    _refuse(damaged, len(files), source)
    median = int(np.median(sides))
    return min(max(4 * round(median / 4), 4), LARGEST_INFERRED_SIDE), 1 if grey else 3


def load(files: Sequence[Path | BinaryIO], height: int, width: int, channels: int, source: str) -> Array:
    """The files as uint8 ``(files, height, width, channels)``; transparent parts become white.

    Raises:
        DataError: files that are not whole PNG or JPEG images, counted and named.
    """
    images = np.empty((len(files), height, width, channels), np.uint8)
    damaged: list[Path | BinaryIO] = []
    for i, file in enumerate(files):
        try:
            with _open(file) as image:
                images[i] = _pixels(image, height, width, channels)
        except _UNREADABLE:
            damaged.append(file)
    _refuse(damaged, len(files), source)
    return images


def resized(images: Array, height: int, width: int, channels: int | None = None) -> Array:
    """The same uint8 images ``(rows, h, w, c)`` in another size, and grey or coloured as asked."""
    from PIL import Image

    channels = images.shape[-1] if channels is None else channels
    if images.shape[1:] == (height, width, channels):
        return images
    out = np.empty((len(images), height, width, channels), np.uint8)
    for i, array in enumerate(images):
        out[i] = _pixels(
            Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array), height, width, channels
        )
    return out


# What Pillow raises for files that are cut off, damaged, too large or of another format.
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, OverflowError, MemoryError)


def _open(file: Path | BinaryIO) -> Image.Image:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(file, formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise ValueError("too many pixels") from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise ValueError("too many pixels")
    return image


def _pixels(image: Image.Image, height: int, width: int, channels: int) -> Array:
    from PIL import Image

    if image.mode in ("I", "I;16", "I;16B", "F"):  # 16-bit grey, which convert() would clip at 255
        image = Image.fromarray((np.asarray(image, np.float64) / 257).round().clip(0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        solid = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", solid.size, "white"), solid)
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, np.uint8).reshape(height, width, channels)


def _refuse(damaged: Sequence[Path | BinaryIO], n_files: int, source: str) -> None:
    if damaged:
        named = ", ".join(file.name for file in damaged[:3]) + (" and others" if len(damaged) > 3 else "")
        raise DataError(
            f"{len(damaged)} of the {n_files} images in {source} cannot be used: {named}. Each must be a "
            "whole "
            f"PNG or JPEG image of at most {MAX_PIXELS // 1_000_000} million pixels. Repair or remove them."
        )
