"""The dispatcher: it gives every accepted search its workers, starts their drivers, and starts them again.

What it knows it reads from the store: `WISH` says what the users of a search want, its row how far it is. So a service
that is killed goes on where it was. There is one dispatcher at a time; of two drivers of one search the later wins.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from automl.driver import ORDERS
from automl.errors import AlreadyRecorded, AutoMLError, NotFoundError
from automl.execution.books import row_of
from automl.execution.jobs import Jobs
from automl.resolved import Search
from automl.run import load_search
from automl.service.queue import Asking, Grant, Need, share_out
from automl.store import SearchFolder, Store, reading
from automl.store.fold import Fold

log = logging.getLogger("automl.service")
SUBMISSION, WISH = "submission.json", "wish.json"
TICK_SECONDS = 1.0
MOST_DEATHS = 5  # of a driver in a row, before its search is given up
BACKOFF_SECONDS = 5.0  # before a driver that died is started again; twice as long each time
PAUSE_SECONDS = (
    300.0  # a driver that has not ended so long after it was told to is told again, which ends it hard
)
_ENDED = ("complete", "failed", "stopped")
_TURN = "its turn"
Want = Literal["run", "stop"]


@dataclass
class Entry:
    """A search that is to run, or runs.

    Args:
        after: the last term before that of its driver; None while it has not been started. Rows of such terms
            say nothing of how the driver ended.
        n_done: trials that had ended when its driver died last.
    """

    search: Search
    folder: SearchFolder
    user: str
    order: float
    want: Want
    grant: Grant = field(default_factory=lambda: Grant(0, _TURN))
    after: int | None = None
    paused_at: float | None = None
    n_deaths: int = 0
    n_done: int = 0
    not_before: float = 0.0
    said: str | None = None


class Dispatcher:
    """Runs in a thread of the service."""

    def __init__(self, store: Store, jobs: Jobs, capacity: Callable[[], Need]) -> None:
        self._store = store
        self._jobs = jobs
        self._capacity = capacity
        self._entries: dict[str, Entry] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Takes up what is in the store, and goes on with it from now on."""
        rows = {row["search_id"]: row["state"] for row in self._rows()}
        for search_id in self._store.search_ids():
            if rows.get(search_id) not in ("complete", "failed"):  # one that is stopped may wait for workers
                self._take_up(search_id)
        self._thread.start()

    def stop(self) -> None:
        """Leaves everything as it is: drivers go on without it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, search: Search, user: str) -> str:
        """Accepts a search, or goes on with the one that is there already; gives its state."""
        folder = self._store.create_search(search.search_id, search.to_plain())
        at = datetime.now(UTC)
        try:
            (folder.place / SUBMISSION).write_once(
                json.dumps({"user": user, "at": at.isoformat(), "order": at.timestamp()}).encode()
            )
        except AlreadyRecorded:
            row = self._row(search.search_id)
            if row is not None and row["state"] == "complete":
                return "complete"
        self.wish(search.search_id, "run")
        return "queued"

    def wish(self, search_id: str, want: Want, budget: Mapping[str, Any] | None = None) -> None:
        """What a user wants of a search from now on."""
        from automl.run import write_budget

        with self._lock:
            folder = self._store.search(search_id)
            if budget:
                write_budget(folder, budget)
            (folder.place / WISH).write_over(json.dumps({"want": want}).encode())
            entry = self._entries.get(search_id)
            if entry is None and want == "run":
                self._take_up(search_id)
                if (
                    search_id not in self._jobs.running()
                ):  # so that a service that is started anew knows of it
                    self._say_queued(self._entries[search_id], _TURN)
            elif entry is not None:
                entry.want = want

    def owner(self, search_id: str) -> str | None:
        """Whose search it is; None where it was not submitted."""
        folder = self._store.search(search_id)
        try:
            return str(json.loads((folder.place / SUBMISSION).read())["user"])
        except FileNotFoundError:
            return None

    def grant(self, search_id: str) -> Grant | None:
        """What a search has at the moment; None for one that is not to run."""
        with self._lock:
            entry = self._entries.get(search_id)
            return None if entry is None else entry.grant

    def _take_up(self, search_id: str) -> None:
        folder = self._store.search(search_id)
        try:
            submission = json.loads((folder.place / SUBMISSION).read())
            want = json.loads((folder.place / WISH).read())["want"]
        except FileNotFoundError:
            return  # it was begun by hand, and is driven by hand
        if want == "run":
            search, _ = load_search(self._store, search_id)
            self._entries[search_id] = Entry(search, folder, submission["user"], submission["order"], want)

    def _run(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            try:
                self.tick()
            except AutoMLError as error:  # the store is away, for example: the next tick tries again
                log.warning("%s", error)
            except Exception:
                log.exception("the dispatcher goes on after a mistake")

    def tick(self) -> None:
        """Looks at everything once."""
        with self._lock:
            running = self._jobs.running()
            for search_id, entry in list(self._entries.items()):
                if search_id not in running:
                    self._absent(search_id, entry)
            self._share_out(running)

    def _share_out(self, running: set[str]) -> None:
        asking = [
            Asking(
                search_id,
                entry.user,
                entry.search.spec.priority,
                number,
                entry.search.n_workers if entry.want == "run" else 0,
                Need(entry.search.spec.resources.cpus, entry.search.spec.resources.gpus or 0.0),
            )
            for number, (search_id, entry) in enumerate(
                sorted(self._entries.items(), key=lambda item: (item[1].order, item[0]))
            )
        ]
        for search_id, grant in share_out(asking, self._capacity()).items():
            entry = self._entries[search_id]
            if grant.workers != entry.grant.workers or entry.after is None:
                content = json.dumps({"workers": grant.workers}).encode()
                (entry.folder.place / ORDERS).write_over(content)
            entry.grant = grant
            if search_id in running:
                self._running(search_id, entry)
            elif grant.workers and time.monotonic() >= entry.not_before:
                entry.after, entry.paused_at = entry.folder.last_term(), None
                self._jobs.start(search_id)
            elif grant.waits_for is not None and grant.waits_for != entry.said:
                self._say_queued(entry, grant.waits_for)

    def _running(self, search_id: str, entry: Entry) -> None:
        """Its driver runs; where it has no worker any more, it is told once to end."""
        if entry.after is None:  # another service started it
            entry.after = entry.folder.last_term() - 1
        now = time.monotonic()
        if entry.grant.workers == 0 and (entry.paused_at is None or now > entry.paused_at + PAUSE_SECONDS):
            entry.paused_at = now
            self._jobs.pause(search_id)

    def _absent(self, search_id: str, entry: Entry) -> None:
        """No driver runs: it has ended, it has died, or it has not been started."""
        if entry.after is None and entry.want == "run":
            return
        row = self._row(search_id)
        state = row["state"] if row is not None else None
        if entry.want == "stop":
            if state not in _ENDED:
                self._write_row(entry.search, entry.folder, "stopped", "It was stopped.", "cancelled")
            del self._entries[search_id]
            return
        assert entry.after is not None
        of_driver = row is not None and row["term"] > entry.after
        if of_driver and state in ("complete", "failed"):
            del self._entries[search_id]
        elif (
            of_driver and state == "stopped"
        ):  # it was told to end, and did so in order: it waits for its turn
            entry.after = None
            self._say_queued(entry, _TURN)
        else:
            self._died(search_id, entry, 0 if row is None else row["n_trials"])

    def _died(self, search_id: str, entry: Entry, n_done: int) -> None:
        """Its driver is gone without a word: it is started again, later each time."""
        entry.n_deaths = 1 if n_done > entry.n_done else entry.n_deaths + 1
        entry.n_done, entry.after = n_done, None
        log.warning("the driver of %s has died for the %d. time in a row", search_id, entry.n_deaths)
        if entry.n_deaths < MOST_DEATHS:
            entry.not_before = time.monotonic() + BACKOFF_SECONDS * 2 ** (entry.n_deaths - 1)
            return
        message = f"Its driver died {entry.n_deaths} times in a row; its log says more."
        self._write_row(entry.search, entry.folder, "failed", message, "lost_node")
        del self._entries[search_id]

    def _say_queued(self, entry: Entry, waits_for: str) -> None:
        self._write_row(entry.search, entry.folder, "queued", f"It waits for {waits_for}.")
        entry.said = waits_for

    def _write_row(
        self, search: Search, folder: SearchFolder, state: Any, message: str, reason: str | None = None
    ) -> None:
        term = folder.last_term()
        row = row_of(search, folder, term, state, reason, message)
        before = self._row(search.search_id)
        if before is not None:  # what is known of its trials stays
            kept = {name: before[name] for name in _COUNTED}
            row = type(row)(**{**vars(row), **kept})
        Fold(self._store, folder, term).update_search(row)

    def _row(self, search_id: str) -> dict[str, Any] | None:
        try:
            return reading.search_row(self._store, search_id)
        except NotFoundError:
            return None

    def _rows(self) -> list[dict[str, Any]]:
        return reading.searches(self._store).select("search_id", "state").collect().to_dicts()


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
