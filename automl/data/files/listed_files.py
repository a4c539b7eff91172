"""A table in a folder that names the files beside it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from automl.data import values
from automl.data.files.inside import leaving, stays_inside
from automl.data.files.media import Medium
from automl.data.files.naming import some
from automl.errors import MOST_NAMES, DataError

LISTS = ("metadata.csv", "metadata.jsonl", "labels.csv")
_NAMES = ("file_name", "file", "path", "filename")


def listed_files(table: Path, medium: Medium) -> tuple[list[Path], pl.DataFrame, tuple[str, ...]]:
    """The files in the order of the table, its other columns tidy, and what is to be said.

    Raises:
        DataError: the table names no files, or files that are not there, of another medium, or outside.
    """
    frame, notes = _frame(table)
    column = next((name for name in _NAMES if name in frame.columns), None)
    if column is None:
        raise DataError(
            f"{table} should name the files beside it in a column file_name, file or path, but its columns "
            f"are {', '.join(frame.columns[:MOST_NAMES])}. Add the column, or rename the table if it is about "
            "something else."
        )
    names = [str(name) for name in frame[column].fill_null("").to_list()]
    root = table.parent
    outside = [name or "(empty)" for name in names if not stays_inside(name)]
    files = [] if outside else [root / name.replace("\\", "/") for name in names]
    outside += [str(file.relative_to(root)) for file in leaving(files, root)]
    if outside:
        raise DataError(
            f"{table} should name files inside of its folder by relative paths, but {len(outside)} of its "
            f"{len(names)} names leave it or are empty: {some(outside)}. Correct the names."
        )
    lacking = [name for name, file in zip(names, files, strict=True) if not file.is_file()]
    if lacking:
        raise DataError(
            f"{len(lacking)} of the {len(names)} files that {table} names are not there: {some(lacking)}. "
            "Correct the names, or leave the rows out."
        )
    others = [name for name, file in zip(names, files, strict=True) if not medium.has(file.name)]
    if others:
        raise DataError(
            f"The files that {table} names should all be {medium.formats} {medium.noun}, but {len(others)} of "
            f"the {len(names)} are not: {some(others)}. Give each kind of file a table and a folder of its own."
        )
    rest = frame.drop(column)
    tidy, nested = values.tidy(rest) if rest.width else (rest, [])
    if nested:
        notes = (*notes, f"left out, as they hold no plain values: {', '.join(nested)}")
    n_unnamed = _count(root, medium) - len(set(files))
    if n_unnamed > 0:
        notes = (*notes, f"left out {n_unnamed} {medium.noun} that {table.name} does not name")
    return files, tidy, notes


def _frame(table: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    from automl.data.readers import delimited, json_lines

    if table.suffix == ".jsonl":
        return json_lines.parse(table.read_bytes(), str(table), "utf-8")
    return delimited.parse(table.read_bytes(), str(table))


def _count(root: Path, medium: Medium) -> int:
    return sum(medium.has(file.name) for file in root.rglob("*"))
