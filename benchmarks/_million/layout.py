"""Which searches there are, over which data, and how many trials each has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl

from automl.store.delta import table_schema

N_SEARCHES, N_DATASETS = 1000, 50
N_FINALISTS, N_SEEDS, N_TEST_ROWS = 3, 3, 400
BIG, RUNNING = 250, 999  # the search with a tenth of all trials, and the one that runs
N_WORKERS = 8
SPLIT = "made-up-split"
FAMILIES = ("ft_transformer", "mlp", "resnet")
BASELINES = ("gradient_boosting", "linear", "most_frequent")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def search_id(number: int) -> str:
    return f"search-{number:04d}-{number * 2654435761 % 2**32:08x}"


def dataset(number: int) -> str:
    """The data set of a search."""
    return f"data-{number % N_DATASETS:02d}"


def fingerprint(number: int) -> str:
    """Of the data set of a search."""
    return sha256(dataset(number).encode()).hexdigest()


def created_at(number: int) -> datetime:
    return BEGIN + timedelta(hours=number)


def n_trials_of(number: int, n_trials: int) -> int:
    """How many of so many trials belong to a search.

    >>> sum(n_trials_of(number, 100_000) for number in range(N_SEARCHES))
    100000
    """
    big = n_trials // 10
    if number == BIG:
        return big
    each, more = divmod(n_trials - big, N_SEARCHES - 1)
    place = number - (number > BIG)
    return each + (place < more)


def state(number: int) -> tuple[str, str | None, str | None]:
    """State, reason and message of a search: most are complete, some are not."""
    if number == RUNNING:
        return "running", None, None
    if number % 100 == 17:
        return "failed", "storage", "The tables could not be written: no space is left on the device."
    if number % 40 == 11:
        return "stopped", "cancelled", "Stopped by its owner."
    return "complete", None, None


def frame(table: str, n: int, columns: dict[str, Any]) -> pl.DataFrame:
    """Columns of one table; what is left out is null, and a single value stands in every row."""
    schema = table_schema(table)
    whole = {name: columns.get(name) for name in schema} | {"schema_version": 1}
    series = [
        pl.Series(name, value, dtype=schema[name], strict=False)
        if isinstance(value, np.ndarray | list | pl.Series)
        else pl.repeat(value, n, dtype=schema[name], eager=True).alias(name)
        for name, value in whole.items()
    ]
    return pl.DataFrame(series)
