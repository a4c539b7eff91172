"""The dispatcher: it gives every accepted search its workers, starts their drivers, and starts them again.

What it knows it reads from the store: `WISH` says what the users of a search want, its row how far it is, and `OPEN`
which searches are not done with. So a service that is killed goes on where it was. There is one dispatcher at a time;
of two drivers of one search the later wins.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from automl.driver import ORDERS, write_row, write_rows
from automl.errors import AlreadyRecorded, AutoMLError, NotFoundError, RequestError
from automl.execution.books import State, row_of
from automl.execution.jobs import Jobs
from automl.resolved import Search
from automl.run import load_search, write_budget
from automl.service.limits import TooMuch
from automl.service.queue import Asking, Grant, Need, share_out
from automl.spec import BudgetSpec, extend_budget
from automl.store import SearchFolder, Store, reading
from automl.store.signs import SUBMISSION

log = logging.getLogger("automl.service")
WISH = "wish.json"
OPEN = "service/open"  # an empty file for each search that a driver is wanted for
MOST_KEYS = 50  # of requests, that a search remembers
ROOM_SECONDS = 60.0  # after which a user of too many searches may ask again
TICK_SECONDS = 1.0
MOST_DEATHS = 5  # of a driver in a row, before its search is given up
BACKOFF_SECONDS = 5.0  # before a driver that died is started again; twice as long each time
PAUSE_SECONDS = (
    300.0  # a driver that has not ended so long after it was told to is told again, which ends it hard
)
_ENDED = ("complete", "failed", "stopped")
_LOST = (
    "lost_node",
    "lost_worker",
    "storage",
)  # reasons for which a driver ended that are not the search's own
_TURN = "its turn"
Want = Literal["run", "stop"]


@dataclass
class Entry:
    """A search that is to run, or runs.

    Args:
        after: the last term before that of its driver; None while it has not been started. Rows of such terms
            say nothing of how the driver ended.
        n_done: trials that had ended when its driver died last.
        budget: that users gave last; None while it is that of the spec.
        said: the message in its row, where that says what it waits for.
        ordered: the workers that its orders allow; None while nobody knows.
        ran: the budget that its driver was started with.
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
    ordered: int | None = None
    budget: Mapping[str, Any] | None = None
    ran: Mapping[str, Any] | None = None


class Dispatcher:
    """Runs in a thread of the service."""

    def __init__(
        self, store: Store, jobs: Jobs, capacity: Callable[[], Need], most_open: int | None = None
    ) -> None:
        self._store = store
        self._most_open = most_open
        self._jobs = jobs
        self._capacity = capacity
        self._entries: dict[str, Entry] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Takes up what is in the store, and goes on with it from now on."""
        rows = {row["search_id"]: row for row in self._rows()}
        wanted = set((self._store.place / OPEN).names())
        there = self._store.search_ids()
        for search_id in wanted.difference(there):
            (self._store.place / OPEN / search_id).remove()  # it was deleted
        for search_id in there:
            row = rows.get(search_id)
            ended = row is not None and _is_over(row)
            if not ended or search_id in wanted:  # one that is stopped may wait for workers
                self._take_up(search_id)
                entry = self._entries.get(search_id)
                if entry is not None and row is not None:
                    entry.said = row["message"] if row["state"] == "queued" else None
                    if ended and not _goes_on(entry, row):
                        self._done(search_id)
        self._thread.start()

    def stop(self) -> None:
        """Leaves everything as it is: drivers go on without it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, search: Search, user: str) -> str:
        """Accepts a search, or goes on with the one that is there already; gives its state.

        Raises:
            TooMuch: the user has too many that wait or run.
        """
        with self._lock:
            if self._submitted(search.search_id):
                row = self._row(search.search_id)
                if row is not None and row["state"] == "complete":
                    return "complete"
            else:
                self._check_room(user)
            folder = self._store.create_search(search.search_id, search.to_plain())
            at = datetime.now(UTC)
            with suppress(AlreadyRecorded):
                (folder.place / SUBMISSION).write_once(
                    json.dumps({"user": user, "at": at.isoformat(), "order": at.timestamp()}).encode()
                )
            self.wish(search.search_id, "run")
        return "queued"

    def wish(
        self,
        search_id: str,
        want: Want,
        budget: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> None:
        """What a user wants of a search from now on.

        Args:
            budget: bounds that replace those there are, or are added to them: ``{"trials": "+50"}``.
            key: of the request; one that comes again has been done.

        Raises:
            SpecError: a bound that cannot be had.
            TooMuch: the user of the search has too many that wait or run.
        """
        with self._lock:
            folder = self._store.search(search_id)
            before = _read(folder, WISH) or {}
            keys = list(before.get("keys", []))
            if key is not None and key in keys:
                return
            given = before.get("budget")
            if budget:
                now = load_search(self._store, search_id)[0].spec.budget
                now = now if given is None else BudgetSpec.model_validate(given)
                given = extend_budget(now, budget).model_dump(mode="json")
            entry = self._entries.get(search_id)
            if want == "run" and (entry is None or entry.want == "stop"):
                self._check_room(self.owner(search_id))
            if want == "run" and not self._submitted(search_id):
                raise RequestError(
                    f"The search {search_id} was begun by hand, and goes on by hand: `automl resume {search_id}` on a "
                    "machine that reaches its store."
                )
            if want == "stop" and not self._submitted(search_id):
                raise RequestError(
                    f"The search {search_id} was begun by hand, and is stopped by hand: press Ctrl-C where it runs."
                )
            wish = {"want": want, "budget": given, "keys": [*keys, *([key] if key else [])][-MOST_KEYS:]}
            if want == "run":
                (self._store.place / OPEN / search_id).write_over(b"")
            (folder.place / WISH).write_over(json.dumps(wish).encode())
            if given is not None:
                _write_budget(folder, given)
            if entry is not None:
                entry.want, entry.budget = want, given
            elif want == "run":
                self._take_up(search_id)
                entry = self._entries.get(search_id)
                if entry is not None and search_id not in self._jobs.running():
                    self._say_queued(entry, _TURN)

    def _check_room(self, user: str | None) -> None:
        n_open = sum(entry.user == user and entry.want == "run" for entry in self._entries.values())
        if self._most_open is not None and n_open >= self._most_open:
            raise TooMuch(
                f"{user} has {n_open} searches that wait or run, and may have {self._most_open} at once. Wait "
                "until one has ended, or stop one.",
                ROOM_SECONDS,
            )

    def _submitted(self, search_id: str) -> bool:
        return (self._store.search_place(search_id) / SUBMISSION).exists()

    def owner(self, search_id: str) -> str | None:
        """Whose search it is; None where it was not submitted."""
        submission = _read(self._store.search(search_id), SUBMISSION)
        return None if submission is None else str(submission["user"])

    def grant(self, search_id: str) -> Grant | None:
        """What a search has at the moment; None for one that is not to run."""
        with self._lock:
            entry = self._entries.get(search_id)
            return None if entry is None else entry.grant

    def wanted(self, search_id: str) -> bool:
        """Whether a search is to go on, with workers or without."""
        with self._lock:
            entry = self._entries.get(search_id)
            return entry is not None and entry.want == "run"

    def _take_up(self, search_id: str) -> None:
        folder = self._store.search(search_id)
        submission, wish = _read(folder, SUBMISSION), _read(folder, WISH)
        if submission is None or wish is None:
            return  # it was begun by hand, and is driven by hand
        if wish["want"] == "run":
            search, _ = load_search(self._store, search_id)
            self._entries[search_id] = Entry(
                search, folder, submission["user"], submission["order"], "run", budget=wish.get("budget")
            )

    def _done(self, search_id: str) -> None:
        """Nothing is to be done for a search any more."""
        del self._entries[search_id]
        (self._store.place / OPEN / search_id).remove()

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
        waiting: list[Entry] = []  # whose rows do not say yet what they wait for
        for search_id, grant in share_out(asking, self._capacity()).items():
            entry = self._entries[search_id]
            if grant.workers != entry.ordered:
                content = json.dumps({"workers": grant.workers}).encode()
                (entry.folder.place / ORDERS).write_over(content)
            entry.grant, entry.ordered = grant, grant.workers
            if search_id in running:
                self._running(search_id, entry)
            elif grant.workers and time.monotonic() >= entry.not_before:
                after = entry.folder.last_term()
                if entry.budget is not None:  # an earlier driver may have written its own over it
                    _write_budget(entry.folder, entry.budget)
                self._jobs.start(search_id)
                entry.after, entry.paused_at, entry.ran = after, None, entry.budget
            elif grant.waits_for is not None and _waits(grant.waits_for) != entry.said:
                waiting.append(entry)
        self._say_waiting(waiting)

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
                self._say(entry, "stopped", "It was stopped.", "cancelled")
            self._done(search_id)
            return
        assert entry.after is not None
        of_driver = row is not None and row["term"] > entry.after
        goes_on = row is not None and state == "complete" and _goes_on(entry, row)
        if of_driver and row is not None and _is_over(row) and not goes_on:
            self._done(search_id)
        elif of_driver and (state == "stopped" or goes_on):
            # It was told to end, and did so in order, or has come to the end of an earlier budget.
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
        self._say(entry, "failed", message, "lost_node")
        self._done(search_id)

    def _say_queued(self, entry: Entry, waits_for: str) -> None:
        self._say(entry, "queued", _waits(waits_for))
        entry.said = _waits(waits_for)

    def _say_waiting(self, entries: Sequence[Entry]) -> None:
        """Says of each what it waits for, in one commit: hundreds would hold up those who submit."""
        said = [(entry, _waits(entry.grant.waits_for or _TURN)) for entry in entries]
        rows = [
            row_of(entry.search, entry.folder, entry.folder.last_term(), "queued", message=message)
            for entry, message in said
        ]
        if rows:
            write_rows(self._store, rows)
        for entry, message in said:
            entry.said = message

    def _say(self, entry: Entry, state: State, message: str, reason: str | None = None) -> None:
        write_row(self._store, entry.search, entry.folder.last_term(), state, message, reason)

    def _row(self, search_id: str) -> dict[str, Any] | None:
        try:
            return reading.search_row(self._store, search_id)
        except NotFoundError:
            return None

    def _rows(self) -> list[dict[str, Any]]:
        return (
            reading.searches(self._store)
            .select("search_id", "state", "reason", "message", "spec")
            .collect()
            .to_dicts()
        )


def _waits(waits_for: str) -> str:
    return f"It waits for {waits_for}."


def _is_over(row: Mapping[str, Any]) -> bool:
    """Whether a search has ended for good: what was lost with a machine or the store goes on."""
    return row["state"] == "complete" or (row["state"] == "failed" and row["reason"] not in _LOST)


def _goes_on(entry: Entry, row: Mapping[str, Any]) -> bool:
    """Whether users gave a search another budget than the one with which it came to its end."""
    if row["state"] != "complete" or entry.budget is None or entry.ran == entry.budget:
        return False
    return bool(json.loads(row["spec"])["budget"] != entry.budget)


def _write_budget(folder: SearchFolder, budget: Mapping[str, Any]) -> None:
    write_budget(folder, {name: bound for name, bound in budget.items() if bound is not None})


def _read(folder: SearchFolder, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((folder.place / name).read())
    except FileNotFoundError:
        return None
    return found
