"""Tables: rows of numbers, categories, booleans and dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from automl.data import checks, images, values
from automl.data.kinds import Encoder, Kind
from automl.data.raw import RawData
from automl.data.readers import npz, reader_for
from automl.data.tables import infer
from automl.data.tables.columns import BooleanColumn, CategoryColumn, Column, NumberColumn
from automl.data.tables.dates import DateColumn
from automl.data.target import encode_target
from automl.errors import DataError, nearest
from automl.signature import Field
from automl.spec import DataSpec, SplitSpec
from automl.task import LABELLED, Array, Task

_TYPES: Mapping[str, Any] = {t.type: t for t in (NumberColumn, CategoryColumn, BooleanColumn, DateColumn)}


@dataclass(frozen=True)
class TableEncoder:
    """``numeric`` float32 and ``categorical`` int64, from the columns that are used, in their order."""

    columns: tuple[Column, ...]
    kind: ClassVar[str] = "table"
    details: ClassVar[Mapping[str, int]] = {}
    options: ClassVar[Mapping[str, Any]] = {}

    @property
    def fields(self) -> Mapping[str, Field]:
        fields = {}
        n_numeric = sum(column.n_numeric for column in self.columns)
        cardinalities = tuple(c.cardinality for c in self.columns if isinstance(c, CategoryColumn))
        if n_numeric:
            fields["numeric"] = Field((n_numeric,))
        if cardinalities:
            fields["categorical"] = Field((len(cardinalities),), "int64", cardinalities)
        return fields

    def encode(self, raw: RawData) -> dict[str, Array]:
        """The fields; columns that training did not use are left aside.

        Raises:
            DataError: a column is missing, or holds values of another type than in training.
        """
        frame = raw.frame
        names = [column.name for column in self.columns]
        lacking = [name for name in names if name not in frame.columns]
        if lacking:
            raise DataError(
                f"The data needs the column {lacking[0]!r}, which training had, but does not have it; "
                f"{nearest(lacking[0], frame.columns)}"
                + (f" Also missing: {', '.join(lacking[1:6])}." if lacking[1:] else "")
            )
        tidy, nested = values.tidy(frame.select(names))
        if nested:
            raise DataError(
                f"The column {nested[0]} should hold plain values, but it holds {frame[nested[0]].dtype}."
            )
        parts = {column.name: column.encode(tidy[column.name]) for column in self.columns}
        codes = [parts[c.name] for c in self.columns if isinstance(c, CategoryColumn)]
        numbers = [parts[c.name] for c in self.columns if not isinstance(c, CategoryColumn)]
        encoded = {}
        if "numeric" in self.fields:
            encoded["numeric"] = np.concatenate(numbers, axis=1)
        if codes:
            encoded["categorical"] = np.stack(codes, axis=1)
        return encoded

    def schema(self) -> list[dict[str, Any]]:
        return [{"name": c.name, "type": c.type, "required": True, **c.describe()} for c in self.columns]

    def to_plain(self) -> tuple[dict[str, Any], dict[str, Array]]:
        arrays: dict[str, Array] = {}
        columns = []
        for i, column in enumerate(self.columns):
            plain, own = column.to_plain()
            columns.append({"type": column.type, **plain})
            arrays |= {f"{i}.{key}": array for key, array in own.items()}
        return {"columns": columns}, arrays


def _restore(plain: Mapping[str, Any], arrays: Mapping[str, Array]) -> TableEncoder:
    columns = []
    for i, column in enumerate(plain["columns"]):
        own = {key.split(".", 1)[1]: array for key, array in arrays.items() if key.startswith(f"{i}.")}
        columns.append(_TYPES[column["type"]].from_plain(column, own))
    return TableEncoder(tuple(columns))


def _fit(raw: RawData, task: Task, data: DataSpec, split: SplitSpec) -> tuple[Encoder, tuple[str, ...]]:
    train = raw.frame.drop(name for name in task.columns if name in raw.frame.columns)
    types = infer.infer(train, data.types)
    if split.by is not None and split.by not in data.types and split.by in types:
        types[split.by] = infer.Inferred("ignore", "the rows are split by it")
    checks.usable_columns(types)
    if task.kind in LABELLED and task.kind != "multilabel":
        target = encode_target(raw.frame, task)
        for place, name in enumerate(task.columns):
            answer = target if target.ndim == 1 else target[:, place]
            checks.no_leak(train, answer, name, task, types, data.allow)
    columns: list[Column] = []
    for name, found in types.items():
        if found.type == "number":
            columns.append(NumberColumn.fit(train[name], data.numbers_for(task.kind)))
        elif found.type == "category":
            columns.append(CategoryColumn.fit(train[name]))
        elif found.type == "boolean":
            columns.append(BooleanColumn(name))
        elif found.type == "date":
            columns.append(DateColumn.fit(train[name]))
    return TableEncoder(tuple(columns)), (infer.describe(types),)


def _read(source: Path, _encoder: TableEncoder, _task: Task) -> RawData:
    if source.suffix.lower() == ".npz":
        return RawData(source.stem, "table", npz.table_of(source))
    if source.is_dir() or images.is_image(source):
        raise DataError(
            f"This model was trained on a table, but {source} is a folder or an image; give a table."
        )
    raw = reader_for(source).read(source, DataSpec(path=str(source)))
    return RawData(source.stem, "table", values.tidy(raw.frame)[0])


def _from_memory(data: Any, _encoder: TableEncoder) -> RawData:
    if isinstance(data, np.ndarray):
        raise DataError(
            "This model was trained on a table: give a frame or a dictionary of columns, so that columns "
            f"have names, but an array of shape {data.shape} came."
        )
    if isinstance(data, RawData):
        if data.kind != "table":
            raise DataError(f"This model was trained on a table, but it is given {data.kind} data.")
        return data
    if isinstance(data, Mapping):
        return RawData("data", "table", pl.DataFrame(dict(data), strict=False))
    return RawData("data", "table", data.collect() if hasattr(data, "collect") else data)


def _decode(encoder: TableEncoder, fields: Mapping[str, Array]) -> RawData:
    columns: list[pl.Series] = []
    n_numbers = n_codes = 0
    for column in encoder.columns:
        if isinstance(column, CategoryColumn):
            columns.append(column.decode(fields["categorical"][:, n_codes]))
            n_codes += 1
        else:
            columns.append(column.decode(fields["numeric"][:, n_numbers : n_numbers + column.n_numeric]))
            n_numbers += column.n_numeric
    return RawData("generated", "table", pl.DataFrame(columns))


KIND = Kind("table", _fit, _restore, _read, _from_memory, decode=_decode)
