"""Generated rows as files for people to look at."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from automl.data.raw import RawData

COLUMNS = 8
_LEAST_SIDE = 28  # pixels; smaller images are enlarged by a whole factor


def sample_files(raw: RawData) -> dict[str, bytes]:
    """``samples.png``, a grid of images, or ``samples.csv``."""
    if isinstance(raw.values, np.ndarray):
        return {"samples.png": image_grid(raw.values)}
    return {"samples.csv": raw.frame.write_csv().encode()}


def image_grid(pixels: np.ndarray) -> bytes:
    """Images uint8 ``(rows, height, width, channels)`` side by side as one PNG, eight in a row."""
    from PIL import Image

    factor = -(-_LEAST_SIDE // min(pixels.shape[1:3]))
    large = pixels.repeat(factor, axis=1).repeat(factor, axis=2)
    n_rows = -(-len(large) // COLUMNS)
    blank = np.full((n_rows * COLUMNS - len(large), *large.shape[1:]), 255, np.uint8)
    cells = np.concatenate([large, blank]).reshape(n_rows, COLUMNS, *large.shape[1:])
    grid = cells.swapaxes(1, 2).reshape(n_rows * large.shape[1], COLUMNS * large.shape[2], -1)
    buffer = BytesIO()
    Image.fromarray(grid[..., 0] if grid.shape[-1] == 1 else grid).save(buffer, "PNG")
    return buffer.getvalue()
