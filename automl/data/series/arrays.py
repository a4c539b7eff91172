"""Series as a program holds them: arrays of equal lengths, or a list of arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from automl.errors import DataError
from automl.task import Array


def each(data: Any) -> Iterable[Any]:
    """The series of an array ``(rows, steps)`` or ``(rows, steps, channels)``, or of a list, one by one.

    Raises:
        DataError: it is something else.
    """
    if isinstance(data, np.ndarray) and data.ndim not in (2, 3) and data.dtype != object:
        raise DataError(
            "Series are arrays (rows, steps) or (rows, steps, channels), or a list of arrays (steps,) or (steps, "
            f"channels), but an array of shape {data.shape} came."
        )
    if isinstance(data, str | bytes) or not isinstance(data, Iterable):
        raise DataError(f"Series are given as arrays, but {type(data).__name__} came.")
    return data


def array_of(row: Any) -> Array:
    """One series as ``(steps, channels)`` float32.

    Raises:
        DataError: it is no array of numbers, has no steps, or is infinite somewhere.
    """
    try:
        array = np.asarray(row, np.float32)
    except (TypeError, ValueError):
        raise DataError(
            "Series are arrays of numbers, (steps,) or (steps, channels), but something else came."
        ) from None
    array = array[:, np.newaxis] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) == 0:
        raise DataError(
            f"A series is an array (steps,) or (steps, channels) of at least one step, but one of shape "
            f"{array.shape} came."
        )
    if np.isinf(array).any():
        raise DataError("Series hold infinite values; expected finite numbers, or NaN where one is missing.")
    return array
