"""Series of one or several channels, of equal or of unequal lengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from automl.data import values
from automl.data.kinds import Encoder, Kind
from automl.data.ragged import Ragged
from automl.data.raw import RawData
from automl.data.readers import reader_for, ts
from automl.data.series.arrays import array_of, each
from automl.data.series.encoder import SERIES, SeriesEncoder, whole
from automl.data.series.tables import from_long, from_wide, is_long, long_values, wide_values
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec
from automl.task import Array, Task

MOST_STEPS = 4096  # of a series, unless data.max_steps says otherwise


def _restore(plain: Mapping[str, Any], _arrays: Mapping[str, Array]) -> SeriesEncoder:
    own: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in plain.items()}
    return SeriesEncoder(**own)


def _fit(raw: RawData, _task: Task, data: DataSpec, _split: SplitSpec) -> tuple[Encoder, tuple[str, ...]]:
    assert isinstance(raw.values, Ragged)
    lengths = raw.values.lengths
    longest, shortest = int(lengths.max()), int(lengths.min())
    every = ceil(longest / (data.max_steps or MOST_STEPS))
    missing = np.isnan(raw.values.values)  # (steps of all series, channels)
    n_missing, n_channels = int(missing.any(axis=1).sum()), missing.shape[1]
    known = ~missing.all(axis=0)
    centre = np.zeros(n_channels)
    centre[known] = np.nanmean(raw.values.values[:, known], axis=0, dtype=np.float64)
    rows = whole(raw.values, every, tuple(centre.tolist()))
    mean = rows.values.mean(axis=0, dtype=np.float64)
    deviation = rows.values.std(axis=0, dtype=np.float64)
    deviation = np.where(deviation > 1e-6 * np.maximum(np.abs(mean), 1e-30), deviation, 1.0)
    columns = tuple(sorted(raw.details, key=lambda name: raw.details[name]))
    of_long = len(columns) == n_channels  # a wide table has several columns for its one channel
    encoder = SeriesEncoder(
        ceil(longest / every),
        shortest < longest,
        every,
        tuple(mean.tolist()),
        tuple(deviation.tolist()),
        columns,
        data.series if of_long else None,
        data.time if of_long else None,
    )
    return encoder, _notes(encoder, shortest, longest, n_missing)


def _notes(encoder: SeriesEncoder, shortest: int, longest: int, n_missing: int) -> tuple[str, ...]:
    size = f"{longest}" if shortest == longest else f"{shortest} to {longest}"
    notes = [f"series of {size} steps with {encoder.channels} channel{'s' * (encoder.channels > 1)}"]
    if encoder.every > 1:
        notes.append(
            f"series thinned out to the means of {encoder.every} steps each; data.max_steps rules it"
        )
    if n_missing:
        notes.append(f"missing values at {n_missing} training steps filled in from their neighbours")
    return tuple(notes)


def _from_table(raw: RawData, targets: list[str], data: DataSpec) -> tuple[RawData, str] | None:
    if data.kind != SERIES and (data.kind is not None or data.series is None):
        return None
    if is_long(raw.frame, data):
        return from_long(raw, targets, data)
    return from_wide(raw, targets, data)


def _read(source: Path, encoder: SeriesEncoder, _task: Task) -> RawData:
    if source.is_file() and ts.READER.accepts(source):
        return _said(ts.read_file(source), encoder)
    raw = reader_for(source).read(source, DataSpec(path=str(source)))
    if raw.kind == SERIES:
        return _said(raw, encoder)
    if raw.kind != "table":
        raise DataError(f"This model was trained on series, but {source} holds {raw.kind} data; give series.")
    return _said(_of_table(values.tidy(raw.frame)[0], encoder, source.stem), encoder)


def _of_table(frame: pl.DataFrame, encoder: SeriesEncoder, name: str) -> RawData:
    if not encoder.columns:
        raise DataError(
            f"This model was trained on series of a .ts file or in memory, but {name} is a table; give a .ts file, "
            "or the series as arrays."
        )
    if encoder.name is None:
        rest = frame.drop([column for column in encoder.columns if column in frame.columns])
        ragged = wide_values(frame, encoder.columns)
    else:
        ragged, rest = long_values(frame, encoder.columns, encoder.name, encoder.time, None)
    rest = rest if rest.columns else pl.DataFrame({"row": np.arange(len(ragged))})
    return RawData(name, SERIES, rest, ragged)


def _said(raw: RawData, encoder: SeriesEncoder) -> RawData:
    assert isinstance(raw.values, Ragged)
    longest = encoder.n_steps * encoder.every
    n_long = int((raw.values.lengths > longest).sum())
    if not n_long:
        return raw
    return replace(
        raw, notes=(*raw.notes, f"cut {n_long} series to their first {longest} steps, as in training")
    )


def _from_memory(data: Any, encoder: SeriesEncoder) -> RawData:
    if isinstance(data, RawData):
        if data.kind == "table":
            return _of_table(data.frame, encoder, data.name)
        if data.kind != SERIES:
            raise DataError(f"This model was trained on series, but it is given {data.kind} data.")
        return data
    rest: dict[str, Any] = {}
    if isinstance(data, Mapping) and SERIES in data:
        rest = {name: column for name, column in data.items() if name != SERIES}
        data = data[SERIES]
    if isinstance(data, Mapping):
        data = pl.DataFrame(dict(data), strict=False)
    if isinstance(data, pl.DataFrame | pl.LazyFrame):
        return _of_table(values.tidy(data.lazy().collect())[0], encoder, "data")
    rows = [array_of(row) for row in each(data)]
    if not rows:
        empty = np.zeros((0, encoder.channels), np.float32)
        return RawData("data", SERIES, pl.DataFrame({"row": []}), Ragged(empty, np.zeros(1, np.int64)))
    if len({row.shape[1] for row in rows}) > 1:
        raise DataError("The series should all have the same channels, but have different numbers of them.")
    frame = pl.DataFrame(rest) if rest else pl.DataFrame({"row": np.arange(len(rows))})
    return RawData("data", SERIES, frame, Ragged.of(rows))


KIND = Kind(SERIES, _fit, _restore, _read, _from_memory, from_table=_from_table)
