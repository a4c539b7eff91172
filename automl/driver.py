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

from automl.errors import AutoMLError, StorageError
from automl.execution.logs import log_to
from automl.store import SearchFolder, open_store

ORDERS = "orders.json"  # in the search's folder: what the service lets it have
ORDERS_SECONDS = 2.0  # between two looks at them
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
        log.error("%s", error)
        print(f"automl: {error}", file=sys.stderr)
        return error.exit_status


def drive(search_id: str, location: str | None) -> int:
    """Runs a search of the store to its end, or until it is told to stop; gives the exit status."""
    from automl.execution import default_executor
    from automl.run import load_search, prepare_again, run_search

    store = open_store(location)
    search, folder = load_search(store, search_id)
    log_to(folder.place / "logs" / "driver.log")
    log.info("the driver of %s begins, as process %d", search_id, os.getpid())
    prepared = prepare_again(search, store)
    executor = default_executor(str(store), os.environ.get("RAY_ADDRESS"))
    outcome = run_search(search, prepared, store, executor, None, Orders(folder, search.n_workers))
    log.info("the driver of %s ends: %s %s", search_id, outcome.state, outcome.message or "")
    return {"stopped": 130, "failed": 1}.get(outcome.state, 0)


if __name__ == "__main__":
    sys.exit(main())
