"""The books of a search: its rows in the tables, its clock, and what of it stays on the disk.

They are kept in a thread of the driver's own: nothing waits for a fold, and one that fails for a while
only comes later, because the records are what counts.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from datetime import UTC, datetime
from typing import Any, Literal

import polars as pl

from automl.errors import StorageError
from automl.execution.clock import spent_seconds, write_spent_seconds
from automl.execution.recording import VERSION
from automl.resolved import Search
from automl.store import SearchFolder, Store
from automl.store.fold import Fold
from automl.store.folder import DESCRIPTION
from automl.store.retention import prune
from automl.store.rows import SearchRow
from automl.store.tables import maybe_compact, retried, scan
from automl.study import Progress

log = logging.getLogger("automl.books")
FOLD_SECONDS = 5.0  # between two folds
MOST_FOLD_SECONDS = 30.0  # where folds fail or take long
OPEN_SECONDS = 2.0  # that a search waits for its row; where many begin at once, it begins without
PRUNE_SECONDS = 60.0  # between two prunings, or twenty times what one takes
MOST_FAILED = 0.5  # of the trials, from which the message of a search begins with their commonest error
MOST_OF_MESSAGE = 300  # characters of it
_FAILURE = ("state", "reason", "message")
_NUMBER = r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"
State = Literal["queued", "running", "complete", "stopped", "failed"]


class Books:
    """Kept by one term of a search.

    Args:
        progress: what the rows say of it; the driver puts the latest there.
    """

    def __init__(self, search: Search, folder: SearchFolder, store: Store, term: int) -> None:
        self.progress: Progress | None = None
        self._search = search
        self._folder = folder
        self._store = store
        self._term = term
        self._fold = Fold(store, folder, term)
        self._began = time.monotonic() - spent_seconds(folder)
        self._prune_at = time.monotonic() + PRUNE_SECONDS
        self._error: Exception | None = None
        self._stopping, self._opened = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name="books", daemon=True)

    def open(self) -> None:
        """Says that the search runs, and keeps the books from now on.

        Raises:
            StorageError: the tables cannot be written.
        """
        self._thread.start()
        self._opened.wait(OPEN_SECONDS)
        self.check()

    def check(self) -> None:
        """Raises what must end the search: `Superseded`, tables that never could be written, or what should not be."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Returns once nothing is written any more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def close(self, state: State, reason: str | None = None, message: str | None = None) -> str | None:
        """Writes everything that there is, and how the search ended; gives the message that it wrote.

        Raises:
            StorageError: the store cannot be written; what could be is.
            Superseded: a later term has begun, and its books count.
        """
        self.stop()
        self._folder.check_term(self._term)
        try:
            write_spent_seconds(self._folder, time.monotonic() - self._began)
            self._fold.fold()
            if reason is None:
                said = (failures(self._store, self._search.search_id), message)
                message = " ".join(one for one in said if one) or None
        finally:
            self._write_row(state, reason, message)
        if reason in (None, "cancelled"):  # else the store may be what failed
            done = self.progress is not None and self.progress.phase == "done"
            prune(self._folder, self._fold, ended=done)
            maybe_compact(self._store)
        return message

    def _keep(self) -> None:
        try:
            self._write_row("running")
        except Exception as error:
            self._error = error
            return
        finally:
            self._opened.set()
        pause = FOLD_SECONDS
        while not self._stopping.wait(pause * random.uniform(0.8, 1.2)):
            began = time.monotonic()
            try:
                write_spent_seconds(self._folder, time.monotonic() - self._began)
                if self._fold.fold():
                    self._write_row("running")
                if time.monotonic() > self._prune_at:
                    pruning = time.monotonic()
                    prune(self._folder, self._fold)
                    self._prune_at = time.monotonic() + max(PRUNE_SECONDS, 20 * (time.monotonic() - pruning))
                busy = time.monotonic() - began > 1
            except StorageError as error:
                log.warning("%s", error)
                busy = True
            except Exception as error:  # it is raised by `check`, in the thread that can end the search
                self._error = error
                return
            pause = min(MOST_FOLD_SECONDS, 2 * pause) if busy else FOLD_SECONDS

    def _write_row(self, state: State, reason: str | None = None, message: str | None = None) -> None:
        seconds = time.monotonic() - self._began
        self._fold.update_search(
            row_of(self._search, self._folder, self._term, state, reason, message, self.progress, seconds)
        )


def failures(store: Store, search_id: str) -> str | None:
    """How many trials of a search failed, and the commonest error; None where most did not.

    Messages that differ in their numbers alone are one.
    """

    def read() -> pl.DataFrame:
        rows = scan(store, "trials").filter(search_id=search_id)
        return rows.select("trial", "attempt", *_FAILURE).collect()

    trials = retried(read)
    last = trials.sort("attempt").unique("trial", keep="last", maintain_order=True)
    failed = last.filter(state="failed").with_columns(pl.col("reason", "message").fill_null(""))
    if failed.height < MOST_FAILED * last.height or failed.is_empty():
        return None
    alike = failed.group_by("reason", pl.col("message").str.replace_all(_NUMBER, "#").alias("alike"))
    counted = alike.agg(pl.col("message").first(), n=pl.len()).sort("n", "alike", descending=[True, False])
    most = counted.row(0, named=True)
    error = " ".join(most["message"].split())[:MOST_OF_MESSAGE].rstrip(".")
    share = "all" if most["n"] == failed.height else f"{most['n']} of these"
    return f"{failed.height} of {last.height} trials failed, {share} with {most['reason']}: {error}."


def row_of(
    search: Search,
    folder: SearchFolder,
    term: int,
    state: State,
    reason: str | None = None,
    message: str | None = None,
    progress: Progress | None = None,
    seconds: float = 0.0,
) -> SearchRow:
    """The row of a search in `searches`.

    Args:
        term: 0 before the first.
        seconds: of wall clock, over all terms.
    """
    now = datetime.now(UTC)
    counts: dict[str, Any] = {}
    if progress is not None:
        counts = {
            "n_trials": progress.n_complete + progress.n_stopped + progress.n_failed,
            "n_complete": progress.n_complete,
            "n_stopped": progress.n_stopped,
            "n_failed": progress.n_failed,
            "n_refits": progress.n_refits_done,
            "n_planned": progress.n_planned,
            "best_trial": progress.best_trial,
            "best_score": progress.best_score,
        }
    return SearchRow(
        search_id=search.search_id,
        name=search.name,
        state=state,
        reason=reason,
        message=message,
        term=term,
        dataset=search.dataset,
        fingerprint=search.fingerprint,
        split_id=search.split_id,
        task=search.task.kind,
        metric=search.objectives[0].name,
        goal=search.objectives[0].goal,
        families=[family.name for family in search.families],
        train_seconds=seconds,
        created_at=_created(folder),
        updated_at=now,
        ended_at=None if state in ("queued", "running") else now,
        spec=json.dumps(search.spec.model_dump(mode="json"), sort_keys=True),
        version=VERSION,
        **counts,
    )


def _created(folder: SearchFolder) -> datetime:
    """When the search was first begun: its description is written once."""
    began = (folder.place / DESCRIPTION).changed_at()
    if began is None:
        raise StorageError(f"The folder {folder.place} of the search is gone.")
    return datetime.fromtimestamp(began, UTC)
