"""How much of one thing data may have, where nothing else bounds it."""

from __future__ import annotations

from automl.errors import DataError

MOST_COLUMNS = 20_000  # of a table: each is looked at by itself
MOST_CHANNELS = 20_000  # of a series


def check_columns(n_columns: int, name: str) -> None:
    """Refuses a table that has too many columns."""
    if n_columns > MOST_COLUMNS:
        raise DataError(
            f"{name} has {n_columns:,} columns, but tables have at most {MOST_COLUMNS:,}. Leave some out, or give "
            "rows of numbers that belong together as series."
        )
