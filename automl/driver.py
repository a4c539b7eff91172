"""The driver of one search as a process of its own, which the service starts: ``python -m automl.driver SEARCH``.

It ends with the statuses of the command line. SIGTERM lets every worker write a checkpoint, and the search can go on.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from automl.errors import AutoMLError, RequestError, StorageError
from automl.execution.books import State, row_of
from automl.execution.jobs import DRIVER_LOG
from automl.execution.logs import log_to
from automl.resolved import Search
from automl.store import SearchFolder, Store, open_store
from automl.store.rows import SearchRow

ORDERS = "orders.json"  # in the search's folder: what the service lets it have
ORDERS_SECONDS = 2.0  # between two looks at them
_COUNTED = (
    "n_trials",
    "n_complete",
    "n_stopped",
    "n_failed",
    "n_refits",
    "n_planned",
    "best_trial",
    "best_score",
    "train_seconds",
)
log = logging.getLogger("automl.driver")


class Orders:
    """How many workers the service lets the search have at the moment."""

    def __init__(self, folder: SearchFolder, otherwise: int) -> None:
        self._place = folder.place / ORDERS
        self._workers = otherwise
        self._looked = -ORDERS_SECONDS

    def __call__(self) -> int:
        now = time.monotonic()
        if now - self._looked >= ORDERS_SECONDS:
            self._looked = now
            try:
                self._workers = int(json.loads(self._place.read())["workers"])
            except FileNotFoundError:
                return self._workers  # it was started by hand: it has what it wants
            except (ValueError, KeyError, TypeError, StorageError) as error:
                log.warning("the orders cannot be read, and stay as they were: %s", error)
        return self._workers


def main() -> int:
    parser = argparse.ArgumentParser(prog="automl.driver", description=__doc__)
    parser.add_argument("search_id")
    parser.add_argument("--store", default=None)
    options = parser.parse_args()
    try:
        return drive(options.search_id, options.store)
    except AutoMLError as error:
        log.error("%s", error)  # before it has a log, this is printed
        return error.exit_status
    except Exception:
        log.exception("the driver ends by a mistake")
        return 1


def drive(search_id: str, location: str | None) -> int:
    """Runs a search of the store to its end, or until it is told to stop; gives the exit status."""
    from automl.execution import default_executor
    from automl.run import load_search, prepare_again, run_search

    store = open_store(location)
    search, folder = load_search(store, search_id)
    log_to(folder.place / "logs" / DRIVER_LOG)
    _print_no_more()
    log.info("the driver of %s begins, as process %d", search_id, os.getpid())
    try:
        prepared = prepare_again(search, store)
    except RequestError as error:  # for its user to set right: another driver would fare no better
        write_row(store, search, folder.term_begin(), "failed", str(error), "bad_data")
        raise
    executor = default_executor(str(store), os.environ.get("RAY_ADDRESS"))
    outcome = run_search(search, prepared, store, executor, None, Orders(folder, search.n_workers))
    log.info("the driver of %s ends: %s %s", search_id, outcome.state, outcome.message or "")
    return {"stopped": 130, "failed": 1}.get(outcome.state, 0)


def write_row(
    store: Store, search: Search, term: int, state: State, message: str, reason: str | None = None
) -> None:
    """Says in the tables what becomes of a search; what is known of its trials stays.

    Args:
        term: 0 before the first.
    """
    write_rows(store, [row_of(search, store.search(search.search_id), term, state, reason, message)])


def write_rows(store: Store, rows: Sequence[SearchRow]) -> None:
    """The same of several searches, in one commit."""
    from automl.store.fold import update_searches
    from automl.store.reading import searches

    there = searches(store).filter(pl.col("search_id").is_in([row.search_id for row in rows]))
    known = {row["search_id"]: row for row in there.select("search_id", *_COUNTED).collect().to_dicts()}

    def counted(row: SearchRow) -> SearchRow:
        before = known.get(row.search_id)
        return row if before is None else replace(row, **{name: before[name] for name in _COUNTED})

    update_searches(store, [counted(row) for row in rows])


def _print_no_more() -> None:
    """What it prints from now on goes nowhere: whoever started it keeps what it printed, and this has a log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
