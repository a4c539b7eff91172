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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from automl.errors import DataError, StorageError
from automl.execution.executor import Executor, Job, Tick
from automl.execution.recording import VERSION
from automl.machine import Machine, this_machine
from automl.resolve import check_names, resolve
from automl.resolved import Search
from automl.spec import BudgetSpec, SearchSpec
from automl.store import SearchFolder, Store
from automl.store.fold import Fold
from automl.store.retention import prune
from automl.store.rows import SearchRow
from automl.store.tables import maybe_compact
from automl.study import Progress

if TYPE_CHECKING:
    from automl.data import Prepared

FOLD_SECONDS = 5.0  # between two folds
SAME_INTERRUPTION_SECONDS = 2.0  # shells and supervisors may send one signal twice
State = Literal["running", "complete", "stopped", "failed"]
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
    search: Search, prepared: Prepared, store: Store, executor: Executor, watch: Watch | None = None
) -> Outcome:
    """Runs a search, or goes on with it where it exists already, until it is done or interrupted.

    Raises:
        StorageError: the store failed; everything acknowledged is in it, and the search can go on.
        Superseded: another driver has taken the search over.
    """
    store.check_writable()
    folder = store.create_search(search.search_id, search.to_plain())
    _write_replacing(folder.path / "budget.json", search.spec.budget.model_dump(mode="json"))
    term = folder.term_begin()
    driver = _Driver(search, folder, store, term, watch or (lambda _search, _progress: None))
    driver.update_row("running")
    with _interruptions() as interrupted:
        driver.interrupted = interrupted
        job = Job(search, prepared, folder, term, _spent_seconds(folder))
        last = executor.run(job, driver.tick)
    return driver.end(last)


def load_search(store: Store, search_id: str) -> tuple[Search, SearchFolder]:
    """A search of the store as it was resolved, with the budget that it was last given."""
    folder = store.search(search_id)
    return _with_last_budget(Search.from_plain(folder.plain), folder), folder


def prepare_again(search: Search) -> Prepared:
    """The data of a search, read anew.

    Raises:
        DataError: it is not what the search began with.
    """
    from automl.data import prepare

    prepared = prepare(search.spec.data, search.spec.split, search.spec.task)
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
    """Folds, shows progress and hears of interruptions while an executor runs."""

    def __init__(self, search: Search, folder: SearchFolder, store: Store, term: int, watch: Watch) -> None:
        self._search = search
        self._folder = folder
        self._store = store
        self._term = term
        self._watch = watch
        self._fold = Fold(store, folder, term)
        self._folded_at = 0.0
        self._began = time.monotonic() - _spent_seconds(folder)
        self._created = datetime.now(UTC)
        self._progress: Progress | None = None
        self.interrupted = threading.Event()

    def tick(self, tick: Tick) -> None:
        self._progress = tick.progress
        if self.interrupted.is_set():
            tick.pause()
        if time.monotonic() - self._folded_at > FOLD_SECONDS:
            self._folder.check_term(self._term)
            _write_replacing(self._folder.path / "clock.json", {"seconds": time.monotonic() - self._began})
            if self._fold.fold():
                self.update_row("running")
            self._folded_at = time.monotonic()
        self._watch(self._search, tick.progress)

    def end(self, last: Tick) -> Outcome:
        """Folds what is left, keeps what is to be kept, and writes how the search ended."""
        self._progress = last.progress
        self._folder.check_term(self._term)
        _write_replacing(self._folder.path / "clock.json", {"seconds": time.monotonic() - self._began})
        self._fold.fold()
        self._watch(self._search, last.progress)
        if last.trouble is not None:
            self.update_row("failed", "storage", last.trouble)
            raise StorageError(
                f"The search {self._search.search_id} stopped: {last.trouble}. Nothing acknowledged is lost; "
                f"set it right, then go on with `automl resume {self._search.search_id}`."
            )
        message = " ".join(last.progress.notes) or None
        state: State = "complete"
        if self.interrupted.is_set() and last.progress.phase != "done":
            state, message = "stopped", "It was interrupted, and can be resumed."
        elif last.progress.best_trial is None:
            state = "failed"
        prune(self._folder, self._fold, ended=last.progress.phase == "done")
        self.update_row(state, "cancelled" if state == "stopped" else None, message)
        maybe_compact(self._store)
        return Outcome(self._search.search_id, state, last.progress, message)

    def update_row(self, state: State, reason: str | None = None, message: str | None = None) -> None:
        search, progress, now = self._search, self._progress, datetime.now(UTC)
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
        self._fold.update_search(
            SearchRow(
                search_id=search.search_id,
                name=search.name,
                state=state,
                reason=reason,
                message=message,
                term=self._term,
                dataset=search.dataset,
                fingerprint=search.fingerprint,
                split_id=search.split_id,
                task=search.task.kind,
                metric=search.objectives[0].name,
                goal=search.objectives[0].goal,
                families=[family.name for family in search.families],
                train_seconds=time.monotonic() - self._began,
                created_at=_created(self._folder),
                updated_at=now,
                ended_at=None if state == "running" else now,
                spec=json.dumps(search.spec.model_dump(mode="json"), sort_keys=True),
                version=VERSION,
                **counts,
            )
        )


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
    file = folder.path / "budget.json"
    if not file.exists():
        return search
    budget = BudgetSpec.model_validate(json.loads(file.read_text()))
    return replace(search, spec=search.spec.model_copy(update={"budget": budget}))


def _spent_seconds(folder: SearchFolder) -> float:
    file = folder.path / "clock.json"
    return float(json.loads(file.read_text())["seconds"]) if file.exists() else 0.0


def _created(folder: SearchFolder) -> datetime:
    return datetime.fromtimestamp((folder.path / "search.json").stat().st_mtime, UTC)


def _write_replacing(file: Path, content: dict[str, Any]) -> None:
    """For files that only say how far it got: whole, but the last writer wins."""
    temporary = file.with_suffix(".tmp")
    try:
        temporary.write_text(json.dumps(content))
        temporary.replace(file)
    except OSError as error:
        raise StorageError(f"The store cannot be written: {error.strerror} ({file}).") from error
