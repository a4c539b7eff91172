"""The life of a search, from a spec to a leaderboard. Read this first.

::

    spec -> prepare the data -> resolve, hash -> the search's folder -> a term of it
         -> the executor's workers ask the study, train, write bundle and record
         -> the driver (here) folds records into the tables, shows progress, and ends the search
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from automl.errors import AutoMLError, DataError, StorageError, UnreachableError
from automl.execution.books import Books, State
from automl.execution.clock import spent_seconds
from automl.execution.executor import Executor, Job, Tick
from automl.execution.service import finished
from automl.machine import Machine, this_machine
from automl.resolve import check_names, resolve
from automl.resolved import Search
from automl.spec import BudgetSpec, SearchSpec, check_budget
from automl.store import SearchFolder, Store
from automl.store.uploads import localised
from automl.study import Progress

if TYPE_CHECKING:
    from automl.data import Prepared

SAME_INTERRUPTION_SECONDS = 2.0  # shells and supervisors may send one signal twice
_BUDGET = "budget.json"
Watch = Callable[[Search, Progress], None]


@dataclass(frozen=True)
class Outcome:
    """How a term of a search ended.

    Args:
        state: ``stopped`` when it was interrupted and can be resumed.
        message: why, where it did not complete.
    """

    search_id: str
    state: State
    progress: Progress
    message: str | None = None


def plan_search(spec: SearchSpec, machine: Machine | None = None) -> tuple[Search, Prepared]:
    """Checks everything that can be checked before the first trial; writes nothing.

    Raises:
        RequestError: what is wrong with the spec or the data.
    """
    from automl.data import prepare

    check_names(spec)
    prepared = prepare(spec.data, spec.split, spec.task)
    return resolve(spec, prepared, machine or this_machine()), prepared


def run_search(
    search: Search,
    prepared: Prepared,
    store: Store,
    executor: Executor,
    watch: Watch | None = None,
    allowed: Callable[[], int] | None = None,
) -> Outcome:
    """Runs a search, or goes on with it where it exists already, until it is done or interrupted.

    Args:
        allowed: how many workers may work at the moment; as many as the search wants when left out.

    Raises:
        StorageError: the store failed; everything acknowledged is in it, and the search can go on.
        Superseded: another driver has taken the search over.
    """
    store.check_writable()
    folder = store.create_search(search.search_id, search.to_plain())
    _write_budget(folder, search.spec.budget)
    term = folder.term_begin()
    books = Books(search, folder, store, term)
    books.open()
    try:
        with _interruptions() as interrupted:
            driver = _Driver(search, books, interrupted, watch or (lambda _search, _progress: None), allowed)
            return driver.run(executor, Job(search, prepared, folder, term, spent_seconds(folder)))
    finally:
        books.stop()


def load_search(store: Store, search_id: str) -> tuple[Search, SearchFolder]:
    """A search of the store as it was resolved, with the budget that it was last given."""
    folder = store.search(search_id)
    return _with_last_budget(Search.from_plain(folder.plain), folder), folder


def write_budget(folder: SearchFolder, more: Mapping[str, Any]) -> None:
    """Gives a search that does not run another budget: each of `more` replaces a bound.

    Raises:
        SpecError: an unknown bound, or one out of range.
    """
    search = _with_last_budget(Search.from_plain(folder.plain), folder)
    _write_budget(folder, with_budget(search, **check_budget(more)).spec.budget)


def _write_budget(folder: SearchFolder, budget: BudgetSpec) -> None:
    (folder.place / _BUDGET).write_over(json.dumps(budget.model_dump(mode="json")).encode())


def prepare_again(search: Search, store: Store) -> Prepared:
    """The data of a search, read anew.

    Raises:
        DataError: it is not what the search began with.
    """
    from automl.data import prepare

    spec = localised(search.spec, store)
    prepared = prepare(spec.data, spec.split, spec.task)
    if prepared.fingerprint != search.fingerprint:
        raise DataError(
            f"The data of {search.search_id} has changed since the search began: its fingerprint was "
            f"{search.fingerprint[:12]} and is {prepared.fingerprint[:12]}. Restore it, or begin a new search."
        )
    return prepared


def with_budget(search: Search, **more: float | int | None) -> Search:
    """The search with another budget: each of `more` that is not None replaces a bound."""
    changes = {name: value for name, value in more.items() if value is not None}
    budget = BudgetSpec.model_validate({**search.spec.budget.model_dump(), **changes})
    return replace(search, spec=search.spec.model_copy(update={"budget": budget}))


class _Driver:
    """Shows progress and hears of interruptions while an executor runs, and says how it ended."""

    def __init__(
        self,
        search: Search,
        books: Books,
        interrupted: threading.Event,
        watch: Watch,
        allowed: Callable[[], int] | None,
    ) -> None:
        self._allowed = allowed
        self._n_allowed = search.n_workers
        self._search = search
        self._books = books
        self._interrupted = interrupted
        self._watch = watch

    def run(self, executor: Executor, job: Job) -> Outcome:
        done = finished(job.search, job.folder)
        if done is not None:
            return self._end(done)
        try:
            last = executor.run(job, self.tick)
            if last.progress.phase != "done" and not (last.trouble or self._interrupted.is_set()):
                raise UnreachableError("The workers left before the search was done; resume it.")
        except UnreachableError as error:
            progress = self._books.progress
            if self._interrupted.is_set() and progress is not None:  # Ray got the same signal, and was faster
                return self._end(progress)
            self._fail("lost_node", str(error))
            raise
        self._books.progress = last.progress
        if last.trouble is not None:
            self._fail(last.trouble.reason, last.trouble.message)
            raise (StorageError if last.trouble.reason == "storage" else AutoMLError)(
                f"The search {self._search.search_id} stopped: {last.trouble.message.rstrip('.')}. Nothing "
                f"acknowledged is lost; set it right, then go on with `automl resume {self._search.search_id}`."
            )
        return self._end(last.progress)

    def tick(self, tick: Tick) -> None:
        self._books.progress = tick.progress
        self._books.check()
        if self._interrupted.is_set():
            tick.pause()
        if self._allowed is not None and (n_allowed := self._allowed()) != self._n_allowed:
            self._n_allowed = n_allowed
            tick.allow(n_allowed)
        self._watch(self._search, tick.progress)

    def _end(self, progress: Progress) -> Outcome:
        self._books.progress = progress
        state: State = "complete"
        reason, message = None, " ".join(progress.notes) or None
        if progress.phase != "done":
            state, reason, message = "stopped", "cancelled", "It was interrupted, and can be resumed."
        elif progress.best_trial is None and progress.n_refits_done == 0:
            state = "failed"
        message = self._books.close(state, reason, message)
        self._watch(self._search, progress)
        return Outcome(self._search.search_id, state, progress, message)

    def _fail(self, reason: str, message: str) -> None:
        with suppress(StorageError):  # then the rows cannot be written either; a resume makes up for it
            self._books.close("failed", reason, message)


@contextmanager
def _interruptions() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets; another one, some time later, ends the process at once."""
    interrupted = threading.Event()
    first = 0.0
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def handle(_number: int, _frame: object) -> None:
        nonlocal first
        if not interrupted.is_set():
            first = time.monotonic()
        elif time.monotonic() - first > SAME_INTERRUPTION_SECONDS:
            raise KeyboardInterrupt
        interrupted.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _with_last_budget(search: Search, folder: SearchFolder) -> Search:
    try:
        budget = BudgetSpec.model_validate(json.loads((folder.place / _BUDGET).read()))
    except FileNotFoundError:
        return search
    return replace(search, spec=search.spec.model_copy(update={"budget": budget}))
