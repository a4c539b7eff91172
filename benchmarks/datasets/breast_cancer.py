"""Malignant or benign by cell nuclei of a fine-needle aspirate, as bundled with scikit-learn."""

from __future__ import annotations

import re

import polars as pl

from automl.data.raw import RawData
from automl.data.registered import RegisteredData


def _load() -> RawData:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    columns = [re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_") for name in bunch.feature_names]
    frame = pl.DataFrame(bunch.data, schema=columns, orient="row")
    names = [str(bunch.target_names[code]) for code in bunch.target]
    return RawData(
        "breast_cancer", "table", frame.with_columns(pl.Series("diagnosis", names)), target="diagnosis"
    )


DATASET = RegisteredData(
    name="breast_cancer",
    summary="malignant or benign by cell nuclei of a fine-needle aspirate",
    source="Wolberg et al. (1995); UCI 17",
    licence="CC BY 4.0",
    kind="table",
    task="classification",
    target="diagnosis",
    n_rows=569,
    sha256="c22feb52b2e8295579b4112157f952e154aa1769dd0eb3b22ff079eabe012b5c",
    load=_load,
)
