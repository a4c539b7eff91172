"""Frames as text: a table for people, JSON, CSV, or Parquet for programs."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from automl.errors import RequestError, nearest
from automl.wording import number

if TYPE_CHECKING:
    import polars as pl

_LONG = ("parameters", "message", "source")  # columns that are cut where a line is full
PIPED_WIDTH = 160  # where there is no terminal
FORMATS = ("table", "json", "csv", "parquet")


def show(frame: pl.DataFrame, form: str, columns: list[str] | None = None, limit: int | None = None) -> None:
    """Prints a frame on standard output.

    Args:
        columns: those that a table for people has; every other format has all of them.
        limit: of the rows of a table for people; how many are left out is said.
    """
    if form not in FORMATS:
        raise RequestError(f"The format {form!r} is not known: {nearest(form, FORMATS)}")
    if form == "json":
        print(json.dumps(frame.to_dicts(), default=_plain, indent=1, allow_nan=False))
    elif form == "csv":
        sys.stdout.write(_flat(frame).write_csv())
    elif form == "parquet":
        frame.write_parquet(sys.stdout.buffer)
    else:
        _table(frame.select(columns) if columns else frame, limit)


def _table(frame: pl.DataFrame, limit: int | None) -> None:
    """Aligned columns; the last one is cut where it is long text and the line is full."""
    shown = frame if limit is None else frame.head(limit)
    columns = [[name, *(_cell(value, name) for value in shown[name])] for name in shown.columns]
    widths = [max(map(len, column)) for column in columns]
    right = [kind.is_numeric() for kind in shown.dtypes]
    on_terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if on_terminal else PIPED_WIDTH
    for place, row in enumerate(zip(*columns, strict=True)):
        cells = zip(row, widths, right, strict=True)
        line = "  ".join(cell.rjust(n) if to_right else cell.ljust(n) for cell, n, to_right in cells)
        line = line.rstrip()
        if shown.columns[-1] in _LONG and len(line) > width:
            line = line[: width - 3] + "..."
        print(f"\x1b[1m{line}\x1b[0m" if on_terminal and place == 0 else line)
    if shown.height < frame.height:
        print(f"{shown.height} of {frame.height} shown; --format json, csv or parquet gives all.")


def with_short_parameters(trials: pl.DataFrame) -> pl.DataFrame:
    """The frame with its parameters as short text, without those that are the same in every trial."""
    import polars as pl

    rows = [json.loads(text) for text in trials["parameters"]]
    names = dict.fromkeys(name for row in rows for name in row)
    varying = [name for name in names if len({repr(row.get(name)) for row in rows}) > 1]
    texts = [
        " ".join(f"{name.rpartition('.')[2]}={_cell(row[name])}" for name in varying if name in row)
        for row in rows
    ]
    return trials.with_columns(pl.Series("parameters", texts, dtype=pl.String))


def _cell(value: Any, name: str = "") -> str:
    if value is None:
        return "-"
    if name.endswith("_seconds"):
        return f"{value:.1f}" if value >= 0.1 else f"{value:.3f}"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int) and name.startswith("n_"):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame without nested columns, which CSV cannot hold: as JSON text."""
    import polars as pl

    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.Series(name, [json.dumps(value) for value in frame[name].to_list()]) for name in nested
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
