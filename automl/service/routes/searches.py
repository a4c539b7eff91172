"""Searches, their trials and their leaderboards, as tables."""

from __future__ import annotations

from io import BytesIO
from typing import Annotated

import polars as pl
from fastapi import Query, Response

from automl.results import log_names, log_part
from automl.service.access import Routes
from automl.store import Store

PARQUET = "application/vnd.apache.parquet"
Name = Annotated[str | None, Query(max_length=200)]


def add(routes: Routes, store: Store) -> None:
    @routes.add("GET", "/searches", "viewer")
    def searches(search_id: Name = None) -> Response:
        """One row a search, the latest first; or the one of that id."""
        from automl.store import reading

        frame = reading.searches(store)
        if search_id is not None:
            store.search(search_id)
            frame = frame.filter(search_id=search_id)
        return as_parquet(frame.collect())

    @routes.add("GET", "/searches/{search_id}/trials", "viewer")
    def trials(search_id: str) -> Response:
        """One row a trial, the best first."""
        from automl.results import trials

        return as_parquet(trials(store, search_id))

    @routes.add("GET", "/leaderboard", "viewer")
    def leaderboard(search_id: Name = None, dataset: Name = None, metric: Name = None) -> Response:
        """Finalists and baselines on the test rows, ranked."""
        from automl.results import leaderboard

        return as_parquet(leaderboard(store, search_id, dataset=dataset, metric=metric))

    @routes.add("GET", "/searches/{search_id}/logs", "viewer")
    def logs(search_id: str) -> list[str]:
        """The names of the logs of a search."""
        return log_names(store, search_id)

    @routes.add("GET", "/searches/{search_id}/logs/{name}", "viewer")
    def log(search_id: str, name: str, offset: Annotated[int, Query(ge=0, le=2**50)] = 0) -> Response:
        """What a log holds from `offset` on."""
        return Response(log_part(store, search_id, name, offset), media_type="application/octet-stream")


def as_parquet(frame: pl.DataFrame) -> Response:
    content = BytesIO()
    frame.write_parquet(content, compression="zstd")
    return Response(content.getvalue(), media_type=PARQUET)
