"""Images and heat maps as small PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np

from automl.task import Array

MOST_SIDE = 256  # pixels
_LEAST_SIDE = 168  # smaller images are enlarged by a whole factor, so that each pixel stays a square
_SHOWN_IN_FULL = 99  # percent of the sizes in a heat map; few pixels beyond would leave the others pale
_ABOVE, _BELOW = (33.0, 102.0, 172.0), (217.0, 95.0, 2.0)  # blue adds, orange takes away
_GAP = 8  # pixels between two images


def image_png(pixels: Array) -> bytes:
    """An image uint8 ``(height, width, channels)``."""
    return _png(_sized(pixels))


def heat_png(values: Array) -> bytes:
    """A heat map of numbers ``(height, width)``: white is 0, blue above it, orange below."""
    return _png(_sized(_coloured(values)))


def beside(images: Sequence[Array]) -> bytes:
    """Images of one height, uint8 ``(height, width, 3)``, in one."""
    between = np.full((len(images[0]), _GAP, 3), 255, np.uint8)
    return _png(
        np.concatenate([images[0], *(part for image in images[1:] for part in (between, image))], axis=1)
    )


def full_colour(values: Array) -> float:
    """The size of number from which on a heat map has its full colour."""
    sizes = np.abs(values)
    return float(np.percentile(sizes, _SHOWN_IN_FULL)) or float(sizes.max()) or 1.0


def _coloured(values: Array) -> Array:
    share = np.clip(values / full_colour(values), -1, 1)[..., np.newaxis]
    ends = np.where(share > 0, np.array(_ABOVE), np.array(_BELOW))
    return np.asarray((255 + np.abs(share) * (ends - 255)).round(), np.uint8)


def _sized(pixels: Array) -> Array:
    from PIL import Image

    height, width = pixels.shape[:2]
    longer = max(height, width)
    if longer <= MOST_SIDE:
        factor = min(-(-_LEAST_SIDE // longer), MOST_SIDE // longer)
        return pixels.repeat(factor, axis=0).repeat(factor, axis=1)
    size = tuple(max(1, round(side * MOST_SIDE / longer)) for side in (width, height))
    smaller = Image.fromarray(_squeezed(pixels)).resize((size[0], size[1]), Image.Resampling.BILINEAR)
    return np.asarray(smaller, np.uint8).reshape(size[1], size[0], -1)


def _squeezed(pixels: Array) -> Array:
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def _png(pixels: Array) -> bytes:
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(_squeezed(pixels)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
