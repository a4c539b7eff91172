"""Series to be forecast: tables of steps with a time, one series or several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from automl.data import values
from automl.data.kinds import Kind
from automl.data.raw import RawData
from automl.data.readers import reader_for
from automl.data.series.forecast_encoder import ForecastEncoder
from automl.data.series.long_rows import Layout
from automl.data.series.regular import Step
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec
from automl.task import Array, Task


def _restore(plain: Mapping[str, Any], _arrays: Mapping[str, Array]) -> ForecastEncoder:
    own, layout = (_with_tuples(part) for part in (plain, plain["layout"]))
    own |= {"layout": Layout(**layout), "step": Step(**plain["step"])}
    return ForecastEncoder(**own)


def _with_tuples(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in plain.items()}


def _fit(_raw: RawData, _task: Task, _data: DataSpec, _split: SplitSpec) -> Any:
    raise AssertionError("forecasts are prepared by automl.data.series.forecasting")


def _read(source: Path, _encoder: ForecastEncoder, _task: Task) -> RawData:
    """A long table with the most recent past, and where something is known ahead, with the steps ahead."""
    raw = reader_for(source).read(source, DataSpec(path=str(source)))
    if raw.kind != "table":
        raise DataError(
            f"This model forecasts from a table, but {source} holds {raw.kind} data; give a table."
        )
    return replace(raw, kind="forecast", frame=values.tidy(raw.frame)[0])


def _from_memory(data: Any, _encoder: ForecastEncoder) -> RawData:
    if isinstance(data, RawData):
        if data.kind not in ("table", "forecast"):
            raise DataError(f"This model forecasts from a table, but it is given {data.kind} data.")
        return data
    if isinstance(data, Mapping):
        return RawData("data", "forecast", pl.DataFrame(dict(data), strict=False))
    if isinstance(data, pl.DataFrame | pl.LazyFrame):
        return RawData("data", "forecast", data.lazy().collect())
    raise DataError(
        "This model forecasts from a table: give a frame or a dictionary of columns, with the time of each "
        f"row, but {type(data).__name__} came."
    )


KIND = Kind("forecast", _fit, _restore, _read, _from_memory)
