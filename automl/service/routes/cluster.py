"""The cluster: its machines, what runs where, and what waits."""

from __future__ import annotations

from typing import Any

import polars as pl

from automl.errors import UnreachableError
from automl.execution.jobs import Jobs
from automl.execution.machines import to_plain
from automl.service.access import Routes
from automl.service.dispatcher import Dispatcher
from automl.store import Store, reading


def add(routes: Routes, store: Store, dispatcher: Dispatcher, jobs: Jobs) -> None:
    @routes.add("GET", "/cluster", "viewer")
    def cluster() -> dict[str, Any]:
        """The machines that searches share, and every search that has workers or waits for some.

        Where the cluster does not answer, `problem` says so, and there are no machines.
        """
        problem, nodes = None, []
        try:
            nodes = [to_plain(node) for node in jobs.nodes()]
        except UnreachableError as error:
            problem = str(error)
        return {"problem": problem, "nodes": nodes, "searches": _searches(store, dispatcher)}


def _searches(store: Store, dispatcher: Dispatcher) -> list[dict[str, Any]]:
    """Those that have workers, or wait; the first that was begun first."""
    rows = reading.searches(store).filter(~pl.col("state").is_in(["complete", "failed"]))
    found = []
    for row in rows.select("search_id", "state", "created_at").collect().sort("created_at").to_dicts():
        grant = dispatcher.grant(row["search_id"])
        if grant is not None:
            found.append(
                {
                    "search_id": row["search_id"],
                    "state": row["state"],
                    "user": dispatcher.owner(row["search_id"]),
                    "workers": grant.workers,
                    "waits_for": grant.waits_for,
                }
            )
    return found
