"""The rows of whatever source a spec names."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from automl import catalog
from automl.data import values
from automl.data.files.download import download
from automl.data.files.openml import read_openml
from automl.data.raw import RawData, fingerprint
from automl.data.readers import reader_for
from automl.errors import DataError
from automl.spec import DataSpec


def read(data: DataSpec) -> RawData:
    """The rows as they came, with text stripped, what is missing as null, and numbers as numbers.

    Raises:
        NotFoundError: nothing is at that path, or no data set has that name.
        DataError: it cannot be read, or holds no rows.
        UnreachableError: it is on the web, and the web cannot be reached.
    """
    raw = _read(data)
    made_of_tables = {"text", "series"}
    if data.kind not in (None, raw.kind) and not (raw.kind == "table" and data.kind in made_of_tables):
        raise DataError(
            f"data.kind is {data.kind}, but {raw.name} holds data of the kind {raw.kind}; leave data.kind out."
        )
    if raw.frame.height == 0:
        raise DataError(f"The data {raw.name} has no rows; expected some.")
    nested: list[str] = []
    if raw.kind == "table":
        frame, nested = values.tidy(raw.frame)
        raw = replace(raw, frame=frame)
    content = fingerprint(raw)
    frame = values.typed(raw.frame) if raw.untyped else raw.frame
    notes = raw.notes + ((f"left out, as they hold no plain values: {', '.join(nested)}",) if nested else ())
    return replace(raw, name=_slug(raw.name), frame=frame, notes=notes, untyped=False, content=content)


def _read(data: DataSpec) -> RawData:
    if data.name is not None:
        return catalog.dataset(data.name).read()
    if data.openml is not None:
        return read_openml(data.openml)
    assert data.path is not None
    if data.path.startswith("openml:") and data.path[7:].isdigit():
        return read_openml(int(data.path[7:]))
    if "://" in data.path:
        return _read_url(data.path, data)
    try:
        path = Path(data.path).expanduser()
    except RuntimeError as error:  # the home of nobody
        raise DataError(f"{data.path!r} cannot be a path ({error}); check it.") from error
    return reader_for(path).read(path, data)


def _read_url(url: str, data: DataSpec) -> RawData:
    try:
        address = urlsplit(url)
    except ValueError as error:
        raise DataError(f"{url!r} is not an address ({error}); check it.") from error
    if address.scheme == "file":
        path = Path(address.path)
        return reader_for(path).read(path, data)
    if address.scheme not in ("http", "https"):
        raise DataError(f"Data is read from a path, or from http, https or file addresses, but got {url}.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(address.path).name or "data")
        path.write_bytes(b"")
        reader = reader_for(path)
        path.write_bytes(download(url))
        try:
            return reader.read(path, data)
        except DataError as error:  # the user knows the address, not where its content lay for a moment
            raise DataError(str(error).replace(str(path), url).replace(folder, url)) from error


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:63] or "data"
