"""Handwritten digits, 8 x 8 pixels of 17 grey levels, as bundled with scikit-learn."""

from __future__ import annotations

import numpy as np
import polars as pl

from automl.data.raw import LABEL, RawData
from automl.data.registered import RegisteredData


def _load() -> RawData:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    levels = bunch.images[..., None] * (255 / 16)  # (1797, 8, 8, 1), from 0..16
    frame = pl.DataFrame({LABEL: [str(code) for code in bunch.target]})
    return RawData("digits", "image", frame, np.rint(levels).astype(np.uint8), target=LABEL)


DATASET = RegisteredData(
    name="digits",
    summary="handwritten digits, 8 x 8 pixels",
    source="Alpaydin and Kaynak (1998); UCI 80, the test part",
    licence="CC BY 4.0",
    kind="image",
    task="classification",
    target=LABEL,
    n_rows=1797,
    sha256="ffcad3cccc45d78f76faede8e161a9e56bf0200a14fac2a32596ac790fe23425",
    load=_load,
)
