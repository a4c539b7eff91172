"""Searches, their trials and their leaderboards, as tables."""

from __future__ import annotations

from io import BytesIO
from typing import Annotated, Any

import polars as pl
from fastapi import Query, Response

from automl.results import Results
from automl.service.access import Routes
from automl.service.dispatcher import Dispatcher
from automl.store import Store

PARQUET = "application/vnd.apache.parquet"
Name = Annotated[str | None, Query(max_length=200)]


def add(routes: Routes, store: Store, dispatcher: Dispatcher) -> None:
    results = Results(store)

    @routes.add("GET", "/searches", "viewer")
    def searches(search_id: Name = None) -> Response:
        """One row a search, the latest first; or the one of that id."""
        return as_parquet(results.searches(search_id))

    @routes.add("GET", "/searches/{search_id}/trials", "viewer")
    def trials(search_id: str) -> Response:
        """One row a trial, the best first."""
        return as_parquet(results.trials(search_id))

    @routes.add("GET", "/searches/{search_id}/status", "viewer")
    def status(search_id: str) -> dict[str, Any]:
        """How far a search is, what it has at the moment, and what it waits for."""
        found = results.status(search_id)
        grant = dispatcher.grant(search_id)
        if found["state"] in ("stopped", "failed") and dispatcher.wanted(search_id):
            found["state"] = "queued"  # its driver has ended, and another is about to go on
        if grant is not None:
            found |= {"workers": grant.workers, "waits_for": grant.waits_for}
        return {**found, "user": dispatcher.owner(search_id)}

    @routes.add("GET", "/leaderboard", "viewer")
    def leaderboard(search_id: Name = None, dataset: Name = None, metric: Name = None) -> Response:
        """Finalists and baselines on the test rows, ranked."""
        return as_parquet(results.leaderboard(search_id, dataset=dataset, metric=metric))

    @routes.add("GET", "/searches/{search_id}/logs", "viewer")
    def logs(search_id: str) -> list[str]:
        """The names of the logs of a search."""
        return results.log_names(search_id)

    @routes.add("GET", "/searches/{search_id}/logs/{name}", "viewer")
    def log(search_id: str, name: str, offset: Annotated[int, Query(ge=0, le=2**50)] = 0) -> Response:
        """What a log holds from `offset` on."""
        part = results.log_part(search_id, name, offset)
        return Response(part, media_type="application/octet-stream")

    @routes.add("GET", "/searches/{search_id}/attempts/{work}", "viewer")
    def attempts(search_id: str, work: str) -> list[dict[str, Any]]:
        """How each attempt at a trial (``17``) or a refit (``17-0``) ended."""
        return results.attempts(search_id, work)

    @routes.add("GET", "/searches/{search_id}/attempts/{work}/logs/{name}", "viewer")
    def lines(
        search_id: str, work: str, name: str, offset: Annotated[int, Query(ge=0, le=2**50)] = 0
    ) -> dict[str, Any]:
        """The lines of it in the part of a log that begins at `offset`, and where the next part begins."""
        found, after = results.attempt_lines(search_id, name, offset, work)
        return {"lines": found, "after": after}


def as_parquet(frame: pl.DataFrame) -> Response:
    content = BytesIO()
    frame.write_parquet(content, compression="zstd")
    return Response(content.getvalue(), media_type=PARQUET)
