"""The drivers of searches, wherever they run: what whoever starts them needs, and what all kinds share."""

from __future__ import annotations

import logging
import sys
import time
from typing import Protocol

from automl.errors import AutoMLError
from automl.execution.logs import append
from automl.execution.machines import Node
from automl.store import open_store

log = logging.getLogger("automl.jobs")
MODULE = "automl.driver"
DRIVER_LOG = "driver.log"
MOST_PRINTED = 8 * 2**10  # characters of what a driver printed, its end
IN_ORDER = (0, 130)  # the statuses of a driver that has said in its log and in the tables how it ended


class Jobs(Protocol):
    """Starts and ends the drivers of searches. Whoever asks may be another than who started them.

    Raises:
        UnreachableError: where drivers run cannot be reached at the moment.
    """

    def start(self, search_id: str) -> None:
        """Start the driver of a search. It is not asked whether one runs: of two, the later wins."""
        ...

    def running(self) -> set[str]:
        """The searches whose drivers run."""
        ...

    def pause(self, search_id: str) -> None:
        """Ask a driver to let its workers write checkpoints, and to end."""
        ...

    def nodes(self) -> list[Node]:
        """The machines that drivers and their workers run on."""
        ...


def command(search_id: str, store: str) -> list[str]:
    """What starts the driver of a search."""
    return [sys.executable, "-m", MODULE, search_id, "--store", store]


def note_end(search_id: str, store: str, status: int | None, printed: str) -> None:
    """Puts into a driver's log how it ended and the end of what it printed: it may have died before it logged.

    Args:
        status: negative for a signal; None where nobody knows.
    """
    how = "" if status is None else f" with status {status}"
    said = printed.strip()[-MOST_PRINTED:]
    at = time.strftime("%Y-%m-%d %H:%M:%S")
    text = f"{at} ERROR the driver ended{how}{f', and printed: {said}' if said else ''}\n"
    try:
        append(open_store(store).search(search_id).place / "logs" / DRIVER_LOG, text.encode())
    except (AutoMLError, OSError) as error:  # nothing waits for a log
        log.warning("how the driver of %s ended could not be written into its log: %s", search_id, error)
