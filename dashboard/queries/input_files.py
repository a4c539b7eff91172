"""One input of a model as the file that `automl predict` reads it from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl.errors import RequestError
from dashboard.queries.inputs import csv_of


def fields_file(folder: Path, values: Mapping[str, Any]) -> Path:
    """One row of a table; what is None is missing."""
    rows = [list(values), ["" if value is None else str(value) for value in values.values()]]
    return _written(folder / "input.csv", csv_of(rows).encode())


def lines_file(folder: Path, lines: str) -> Path:
    """Lines of CSV as they are."""
    if not lines.strip():
        raise RequestError("There is nothing to predict from: paste some lines.")
    return _written(folder / "input.csv", lines.encode("utf-8", "replace"))


def steps_file(folder: Path, lines: str, encoder: Mapping[str, Any]) -> Path:
    """One series: the row of a wide table where training had one, else a file of the UCR and UEA archive.

    Raises:
        RequestError: there are no numbers, or not those of every step.
    """
    rows = [line.replace(";", ",").split(",") for line in lines.splitlines() if line.strip()]
    if not rows:
        raise RequestError("There is nothing to predict from: paste some numbers.")
    columns = encoder["columns"]
    if columns:
        values = [value for row in rows for value in row if value.strip()]
        if len(values) != len(columns):
            raise RequestError(f"The series should have {len(columns)} numbers, but has {len(values)}.")
        return fields_file(folder, dict(zip(columns, values, strict=True)))
    if len({len(row) for row in rows}) > 1:
        raise RequestError("Every line should have as many numbers as the others: one a channel.")
    channels = ":".join(
        ",".join(value.strip() or "?" for value in channel) for channel in zip(*rows, strict=True)
    )
    header = "@problemName input\n@timeStamps false\n@classLabel false\n@data\n"
    return _written(folder / "input.ts", f"{header}{channels}\n".encode())


def media_file(folder: Path, name: str, content: bytes) -> Path:
    """An image or a recording, under a name of our own."""
    return _written(folder / f"input{Path(name).suffix.lower()}", content)


def _written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file
