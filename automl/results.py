"""What everybody asks for of one store: a search's trials, its logs, and leaderboards."""

from __future__ import annotations

import polars as pl

from automl.errors import NotFoundError, nearest
from automl.store import Store

MOST_LOG_BYTES = 2**20  # at once


def leaderboard(
    store: Store, search_id: str | None = None, *, dataset: str | None = None, metric: str | None = None
) -> pl.DataFrame:
    """Finalists and baselines on the test rows, with 95 % intervals; equal ones share a rank.

    Raises:
        NotFoundError: no such search, data set or metric.
    """
    from automl.ranking import board
    from automl.store.reading import searches

    if search_id is not None:
        store.search(search_id)
    if dataset is not None:
        known = searches(store).select("dataset").unique().collect()["dataset"].to_list()
        if dataset not in known:
            raise NotFoundError(
                f"No search in the store {store} is on a data set {dataset!r}: {nearest(dataset, known)}"
            )
    return board(store, search_id=search_id, dataset=dataset, metric=metric)


def trials(store: Store, search_id: str) -> pl.DataFrame:
    """Every trial of a search by its last attempt, best first."""
    from automl.store.reading import trials as read

    store.search(search_id)
    frame = read(store, search_id).collect()
    goal = frame["goal"][0] if frame.height else "max"
    return frame.sort(
        [pl.col("state") != "complete", "score", "trial"],
        descending=[False, goal == "max", False],
        nulls_last=True,
    )


def log_names(store: Store, search_id: str) -> list[str]:
    """The logs of a search: of its driver, and of each worker."""
    return sorted((store.search(search_id).place / "logs").names())


def log_part(store: Store, search_id: str, name: str, offset: int) -> bytes:
    """What a log holds from `offset` on, at most `MOST_LOG_BYTES`.

    Raises:
        NotFoundError: there is no such search, or it has no such log.
    """
    place = store.search(search_id).place / "logs"
    if name not in place.names():
        raise NotFoundError(f"{search_id} has no log {name[:100]!r}: {nearest(name, place.names())}")
    return (place / name).read()[offset : offset + MOST_LOG_BYTES]
