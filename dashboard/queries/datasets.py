"""Data that a search can be begun with: those known by name, and the first rows of a file."""

from __future__ import annotations

import csv
import gzip
import zlib
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import polars as pl
import streamlit as st
from polars.exceptions import PolarsError

from automl import catalog
from automl.errors import DataError

N_ROWS = 5  # that are shown of a file
MOST_COLUMNS = 2000  # that a target can be picked from
_HEAD_BYTES = 2**18  # of a text file, that are looked at
_TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_LINES = (".jsonl", ".ndjson")
_PARQUET = (".parquet",)
WITH_COLUMNS = (*_TEXT, *_LINES, *_PARQUET)
ENDINGS = ("csv", "tsv", "gz", "parquet", "jsonl", "ndjson", "zip", "tar", "tgz", "npz", "ts")  # of uploads


@dataclass(frozen=True)
class Registered:
    """A data set that is known by name."""

    name: str
    summary: str
    kind: str
    task: str
    target: str
    n_rows: int
    licence: str


@dataclass(frozen=True)
class Columns:
    """What the beginning of a file shows.

    Args:
        rows: the first ones; as text where the file is text.
        names: of the columns, at most `MOST_COLUMNS`.
        n_columns: how many there are.
    """

    rows: pl.DataFrame
    names: tuple[str, ...]
    n_columns: int


@cache
def registered() -> tuple[Registered, ...]:
    """Every data set that is known by name; none of them is read."""
    found = (catalog.dataset(name) for name in catalog.names("data set"))
    return tuple(
        Registered(one.name, one.summary, one.kind, one.task, one.target, one.n_rows, one.licence)
        for one in found
    )


def has_columns(path: str) -> bool:
    """Whether a file of this name is a table."""
    return path.lower().endswith(WITH_COLUMNS)


def columns(path: str, encoding: str = "utf-8") -> Columns:
    """The columns of a table on this machine, and its first rows; no more of it is read.

    Raises:
        DataError: it cannot be read as what its name says.
    """
    try:
        stamp = Path(path).stat()
        return _columns(path, encoding, (stamp.st_size, stamp.st_mtime_ns))
    except (PolarsError, OSError, EOFError, zlib.error, ValueError, csv.Error) as error:
        said = " ".join(str(error).split("\n")[0].split())[:200] or type(error).__name__
        raise DataError(f"The first rows of {Path(path).name} cannot be read: {said}.") from error


@st.cache_data(max_entries=32, show_spinner=False)
def _columns(path: str, encoding: str, stamp: tuple[int, int]) -> Columns:
    del stamp  # another content is another question
    name = path.lower()
    if name.endswith(_PARQUET):
        table = pl.scan_parquet(path)
        schema = table.collect_schema()
        names = schema.names()[:MOST_COLUMNS]
        return Columns(table.select(names).head(N_ROWS).collect(), tuple(names), len(schema))
    with gzip.open(path) if name.endswith(".gz") else Path(path).open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if b"\0" in head and encoding != "utf-16":
        raise ValueError("it holds bytes that no text has")
    text = head.decode(encoding, errors="replace").removeprefix("\ufeff")
    if len(head) == _HEAD_BYTES:  # the last line may be cut
        text = text[: text.rfind("\n") + 1] or text
    if not text.strip():
        raise ValueError("it is empty")
    if name.endswith(_LINES):
        lines = "\n".join(text.strip().splitlines()[:N_ROWS])
        rows = pl.read_ndjson(BytesIO(lines.encode()))
    else:
        rows = pl.read_csv(
            BytesIO(text.encode()),
            separator=_separator(text, ".tsv" in name),
            infer_schema=False,
            n_rows=N_ROWS,
            truncate_ragged_lines=True,
        )
    names = rows.columns[:MOST_COLUMNS]
    return Columns(rows.select(names), tuple(names), rows.width)


def _separator(text: str, is_tsv: bool) -> str:
    header = text.split("\n", 1)[0]
    return "\t" if is_tsv else max(",;\t|", key=header.count)
