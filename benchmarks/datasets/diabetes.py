"""Progression of diabetes after one year by ten measures, as bundled with scikit-learn."""

from __future__ import annotations

import polars as pl

from automl.data.raw import RawData
from automl.data.registered import RegisteredData


def _load() -> RawData:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)
    frame = pl.DataFrame(bunch.data, schema=list(bunch.feature_names), orient="row")
    return RawData(
        "diabetes", "table", frame.with_columns(pl.Series("progression", bunch.target)), target="progression"
    )


DATASET = RegisteredData(
    name="diabetes",
    summary="progression of diabetes after one year by ten measures",
    source="Efron et al., Annals of Statistics 32 (2004)",
    licence="none stated",
    kind="table",
    task="regression",
    target="progression",
    n_rows=442,
    sha256="a70a2c836fa2310235d9648069de41e0fb6263fd4312781da8db1076af1e7d15",
    load=_load,
)
