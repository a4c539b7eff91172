"""JSON Lines (https://jsonlines.org): one object a line, whose keys are columns."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import polars as pl

from automl.data.files.compressed import gunzipped
from automl.data.files.encodings import decoded
from automl.data.limits import check_columns
from automl.data.raw import RawData
from automl.data.readers import Reader
from automl.errors import DataError
from automl.spec import DataSpec

_LARGEST = 2**63 - 1  # larger whole numbers stay text, as in CSV files
_FEW_CELLS = 1_000_000
_MOST_CELLS = 100  # of the table for each value in it: rows with other keys each make many empty ones
_ENDINGS = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")


def _accepts(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(_ENDINGS)


def _read(path: Path, data: DataSpec) -> RawData:
    content = path.read_bytes()
    stem = path.name
    if stem.lower().endswith(".gz"):
        content, stem = gunzipped(content, path), stem[:-3]
    frame, notes = parse(content, str(path), data.encoding)
    return RawData(Path(stem).stem, "table", frame, notes=notes, content=sha256(content).hexdigest())


def parse(content: bytes, name: str, encoding: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The table in the bytes of a file of JSON Lines, and what is to be said about it.

    A key that a line lacks is missing there; columns that hold lists or objects are left out aloud.

    Raises:
        DataError: a line is no JSON object, or there is none.
    """
    rows: list[dict[str, Any]] = []
    n_blank = 0
    lines = decoded(content, name, encoding).split("\n")
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows.append(_row(line, number, name))
        else:
            n_blank += number < len(lines)
    if not rows:
        raise DataError(f"{name} is empty; expected one JSON object a line.")
    names = list(dict.fromkeys(key for row in rows for key in row))
    check_columns(len(names), name)
    n_values = sum(map(len, rows))
    if len(names) * len(rows) > max(_FEW_CELLS, _MOST_CELLS * n_values):
        raise DataError(
            f"{name} holds {n_values:,} values under {len(names):,} keys in {len(rows):,} lines, so that hardly any "
            "line has a value for a key. Give the lines the same keys."
        )
    columns = {key: [row.get(key) for row in rows] for key in names}
    nested = [key for key in names if any(isinstance(value, dict | list) for value in columns[key])]
    plain = [_column(key, columns[key]) for key in names if key not in nested]
    if not plain:
        raise DataError(f"Every column of {name} holds lists or objects, but plain values are expected.")
    notes = []
    if n_blank:
        notes.append(f"left out {n_blank} blank lines")
    if nested:
        notes.append(f"left out, as they hold no plain values: {', '.join(nested)}")
    return pl.DataFrame(plain), tuple(notes)


def _row(line: str, number: int, name: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise DataError(
            f"{name} should hold one JSON object a line, but line {number} is not JSON ({reason}). Correct "
            "the line; a JSON array is written as lines with: jq -c '.[]'"
        ) from None
    if not isinstance(row, dict):
        raise DataError(
            f"{name} should hold one JSON object a line, but line {number} holds {type(row).__name__}. Write "
            'objects, such as {"text": "...", "label": "..."}.'
        )
    if "\\ud" in line.lower():  # half of a pair of surrogates is no text
        row = json.loads(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
    return cast(dict[str, Any], row)


def _column(name: str, column: list[Any]) -> pl.Series:
    """The values as they are where they are of one type; else as text."""
    types = {type(value) for value in column if value is not None}
    is_small = all(abs(value) <= _LARGEST for value in column if type(value) is int)
    if is_small and (types <= {int, float} or len(types) <= 1):
        try:
            return pl.Series(name, column, pl.Float64 if types == {int, float} else None, strict=True)
        except pl.exceptions.PolarsError:
            pass
    texts = [value if isinstance(value, str | None) else json.dumps(value) for value in column]
    return pl.Series(name, texts, pl.String)


READER = Reader("json_lines", "JSON Lines (.jsonl, .ndjson, also .gz)", _accepts, _read)
