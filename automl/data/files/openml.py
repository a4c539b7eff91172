"""Data sets of openml.org by number, over its JSON interface and its Parquet files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import polars as pl

from automl.data.files.download import download
from automl.data.raw import RawData
from automl.data.readers.parquet import parse
from automl.errors import DataError

ADDRESS = "https://www.openml.org/api/v1/json/data"


def read_openml(number: int, transport: httpx.BaseTransport | None = None) -> RawData:
    """The rows of an OpenML data set, without the columns that it says are to be ignored.

    Raises:
        UnreachableError: there is no network.
        DataError: there is no such data set, or no Parquet file of it.
    """
    address = f"{ADDRESS}/{number}"
    try:
        description = json.loads(download(address, transport))["data_set_description"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{address} should answer with a description in JSON, but does not. Try again later."
        ) from error
    url = description.get("parquet_url") or description.get("minio_url")
    if not url:
        raise DataError(
            f"The OpenML data set {number} has no Parquet file to read. Fetch it, save it as CSV and set "
            "data.path."
        )
    content = download(str(url).replace("http://openml1", "https://openml1"), transport)
    return describe(description, parse(content, f"openml:{number}"))


def describe(description: Mapping[str, Any], frame: pl.DataFrame) -> RawData:
    """The rows with what OpenML's description says about the target and the columns to leave out."""
    number = description["id"]
    names = f"{description.get('row_id_attribute') or ''},{description.get('ignore_attribute') or ''}"
    listed = {part.strip().strip("[]'\"") for part in names.split(",")}
    left_out = [name for name in frame.columns if name in listed]
    target = (description.get("default_target_attribute") or "").split(",")[0] or None
    if target is not None and target not in frame.columns:
        raise DataError(
            f"The OpenML data set {number} should have the target {target!r}, but its columns are: "
            f"{', '.join(frame.columns[:20])}. Set data.target to one of these."
        )
    stem = re.sub(r"[^a-z0-9._-]+", "-", str(description.get("name", "")).lower()).strip("-._")
    notes = (f"left out, as OpenML says: {', '.join(left_out)}",) if left_out else ()
    return RawData(f"{stem or 'openml'}-{number}", "table", frame.drop(left_out), notes=notes, target=target)
