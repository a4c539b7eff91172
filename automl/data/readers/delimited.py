"""CSV and TSV files, plain or compressed with gzip; every column is given as text."""

from __future__ import annotations

import csv
from collections import Counter
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import polars as pl

from automl.data.files.compressed import gunzipped
from automl.data.files.encodings import UTF8, decoded, not_in
from automl.data.files.naming import first_line, some
from automl.data.files.sniff import looks_like
from automl.data.limits import check_columns
from automl.data.raw import RawData
from automl.data.readers import Reader
from automl.errors import DataError
from automl.spec import DataSpec

_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


def _accepts(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(_ENDINGS)


def _read(path: Path, data: DataSpec) -> RawData:
    content = path.read_bytes()
    if path.name.lower().endswith(".gz"):
        content = gunzipped(content, path)
    parsed = content
    if data.encoding != UTF8:
        parsed = decoded(content, str(path), data.encoding).encode()
    frame, notes = parse(parsed, str(path), is_tsv=".tsv" in path.suffixes[-2:])
    stem = path.name.lower()
    for ending in sorted(_ENDINGS, key=len, reverse=True):
        stem = stem.removesuffix(ending)
    return RawData(stem, "table", frame, notes=notes, untyped=True, content=sha256(content).hexdigest())


def parse(content: bytes, name: str, is_tsv: bool = False) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The table in the bytes of a CSV or TSV file, as text, and what is to be said about it."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise DataError(f"{name} is empty; expected a header line and rows.")
    kind = looks_like(content[:4096])
    if kind != "text":
        raise DataError(
            f"{name} should be text with {'tabs' if is_tsv else 'commas'}, but it is {kind}. "
            "Give the file the ending of what it is."
        )
    try:
        header = content.split(b"\n", 1)[0].decode()
        separator = "\t" if is_tsv else _separator(header)
        columns = _columns(header, separator, name)
        frame = pl.read_csv(BytesIO(content), separator=separator, infer_schema=False, has_header=True)
    except UnicodeDecodeError:
        raise DataError(not_in(name, UTF8, 1)) from None
    except csv.Error as error:
        raise DataError(f"The first line of {name} cannot be read as names of columns ({error}).") from error
    except pl.exceptions.PolarsError as error:
        if "utf-8" in str(error):
            decoded(content, name, UTF8)
        reason = first_line(error)
        raise DataError(
            f"{name} cannot be read as a table ({reason}). Expected {len(columns)} values in every row, as "
            "in "
            "the header, and quotes around values that hold the separator."
        ) from error
    frame.columns = columns
    full = frame.filter(~pl.all_horizontal(pl.all().is_null())) if len(columns) > 1 else frame
    blank = frame.height - full.height
    return full, (f"left out {blank} blank lines",) if blank else ()


def _separator(header: str) -> str:
    """A comma unless the header has none and has semicolons or tabs."""
    if "," in header:
        return ";" if header.count(";") > header.count(",") else ","
    return next((mark for mark in (";", "\t") if mark in header), ",")


def _columns(header: str, separator: str, name: str) -> list[str]:
    check_columns(header.count(separator) + 1, name)
    cells = [cell.strip() for cell in next(csv.reader([header.rstrip("\r")], delimiter=separator))]
    numbers = [cell for cell in cells if _is_number(cell)]
    if 2 * len(numbers) >= len(cells):
        raise DataError(
            f"{name} needs a first line with the names of its columns, but its first line holds the values "
            f"{', '.join(numbers[:3])}. Add a header line."
        )
    columns = [cell or f"unnamed_{i}" for i, cell in enumerate(cells)]
    twice = sorted(column for column, count in Counter(columns).items() if count > 1)
    if twice:
        raise DataError(
            f"{name} has more than one column named {some(twice)}. Every name in its first line must "
            "be different; if that line is data, add a header line."
        )
    return columns


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


READER = Reader("delimited", "CSV and TSV (.csv, .tsv, also .gz)", _accepts, _read)
