"""The rows of a search read again, as they came and as its networks are given them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl.data.given import read_sources
from automl.data.prepare import split_id
from automl.data.raw import RawData
from automl.errors import DataError, NotFoundError, UnreachableError
from automl.explaining.meant import Meant
from automl.predictor import Predictor
from automl.run import prepare_again
from automl.store.uploads import localised
from automl.task import Array


@dataclass(frozen=True)
class Given:
    """Some rows.

    Args:
        raw: as they came; None for series, which are cut and thinned out before.
        inputs: encoded, by the names of the signature.
    """

    raw: RawData | None
    inputs: Mapping[str, Array]


def rows_again(meant: Meant, model: Predictor, split: str, row: Array) -> Given:
    """The rows with these places in the data.

    Raises:
        DataError: the data is gone, or is not what the search began with.
    """
    try:
        if model.signature.kind == "series":
            return _prepared(meant, split, row)
        return _read(meant, model, row)
    except (DataError, NotFoundError, UnreachableError) as error:
        raise DataError(f"The rows of {meant.folder.search_id} cannot be read again: {error}") from error


def _read(meant: Meant, model: Predictor, row: Array) -> Given:
    search = meant.search
    spec = localised(search.spec, meant.store)
    sources = read_sources(spec.data, spec.split)
    if sources.fingerprint != search.fingerprint:
        raise DataError(
            f"The data has changed since the search began: its fingerprint was {search.fingerprint[:12]} and is "
            f"{sources.fingerprint[:12]}. Restore it."
        )
    if split_id(search.spec.split, sources, search.task, search.spec.data.max_rows) != search.split_id:
        raise DataError("A file that the split names has changed since the search began. Restore it.")
    raw = sources.raw.take(row)
    return Given(raw, model.preprocessing.encode(raw))


def _prepared(meant: Meant, split: str, row: Array) -> Given:
    """Series: a row is a window, or made of many rows of a table, and comes out of preparing them all."""
    rows = getattr(prepare_again(meant.search, meant.store), split)
    places = {int(index): place for place, index in enumerate(rows.index)}
    at = np.array([places[int(one)] for one in row], np.int64)
    return Given(None, rows.take(at).inputs)
