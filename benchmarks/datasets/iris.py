"""Three species of iris by the size of their flowers, as bundled with scikit-learn."""

from __future__ import annotations

import re

import polars as pl

from automl.data.raw import RawData
from automl.data.registered import RegisteredData


def _load() -> RawData:
    from sklearn.datasets import load_iris

    bunch = load_iris()
    columns = [re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_") for name in bunch.feature_names]
    frame = pl.DataFrame(bunch.data, schema=columns, orient="row")
    names = [str(bunch.target_names[code]) for code in bunch.target]
    return RawData("iris", "table", frame.with_columns(pl.Series("species", names)), target="species")


DATASET = RegisteredData(
    name="iris",
    summary="three species of iris by the size of their flowers",
    source="Fisher, Annals of Eugenics 7 (1936); UCI 53",
    licence="CC BY 4.0",
    kind="table",
    task="classification",
    target="species",
    n_rows=150,
    sha256="85c5847784197a207ab4172b405e3d11db565ac0766eb357411eb76de5c09188",
    load=_load,
)
