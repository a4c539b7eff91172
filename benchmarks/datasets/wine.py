"""Three growers of wine by chemical analysis, as bundled with scikit-learn."""

from __future__ import annotations

import re

import polars as pl

from automl.data.raw import RawData
from automl.data.registered import RegisteredData


def _load() -> RawData:
    from sklearn.datasets import load_wine

    bunch = load_wine()
    columns = [re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_") for name in bunch.feature_names]
    frame = pl.DataFrame(bunch.data, schema=columns, orient="row")
    names = [str(bunch.target_names[code]) for code in bunch.target]
    return RawData("wine", "table", frame.with_columns(pl.Series("grower", names)), target="grower")


DATASET = RegisteredData(
    name="wine",
    summary="three growers of wine by chemical analysis",
    source="Aeberhard and Forina (1992); UCI 109",
    licence="CC BY 4.0",
    kind="table",
    task="classification",
    target="grower",
    n_rows=178,
    sha256="27949ebbab0db7b006ebdd1cf803cb63e343ea6b16d9abacbe806efb4559a593",
    load=_load,
)
