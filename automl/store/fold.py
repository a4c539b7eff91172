"""Folding: the records of one search become rows of the tables, each exactly once.

Before anything is appended, the rows that the table holds already are left out, as read from the
same handle that the commit is made with; the commit carries an application transaction, so that it
is refused when another writer folded the same search in between. A crash between two tables is
therefore repaired by the next fold. `trials` is written last: a trial that stands there is whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import polars as pl
from deltalake import CommitProperties

from automl.errors import StorageError
from automl.failpoint import step
from automl.store.delta import append, open_or_create, retried, scan, table_schema
from automl.store.folder import SearchFolder
from automl.store.places import safe_name
from automl.store.predictions import read_predictions
from automl.store.records import Record, RecordKind
from automl.store.rows import SearchRow
from automl.store.store import Store

_KEYS = {  # table: what tells its rows of one search apart; one record's rows are in one commit
    "predictions": ("entry", "seed", "attempt"),
    "scores": ("entry", "seed", "attempt"),
    "epochs": ("trial", "attempt"),
    "trials": ("trial", "attempt"),
}
_LOG = logging.getLogger(__name__)
RecordKey = tuple[RecordKind, str, int]
Keys = set[tuple[Any, ...]]


@dataclass
class Fold:
    """Folds the records of one search, for one term of its driver.

    Several may fold one search at once; none adds a row twice.
    """

    store: Store
    folder: SearchFolder
    term: int
    _folded: set[RecordKey] = field(default_factory=set)
    _present: dict[str, tuple[int, Keys]] = field(default_factory=dict)
    _begun: bool = False

    def fold(self) -> int:
        """Put every record that is not in the tables yet into them; give how many there were.

        Raises:
            Superseded: a later term of the search is at work.
            StorageError: the tables cannot be written; call again later.
        """
        self.folder.check_term(self.term)
        if not self._begun:
            self._begun = True
            self._folded = self._trials_in_the_table()
        records = [record for record in map(self._read, self._new_keys()) if record is not None]
        if not records:
            return 0
        for table in _KEYS:
            step("before", f"tables/{table}")
            self._append(table, _rows(table, records, self.folder))
            step("synced", f"tables/{table}")
        self._folded.update(record.key for record in records)
        return len(records)

    def update_search(self, row: SearchRow) -> None:
        """Make this the one row of the search in `searches`."""
        update_searches(self.store, [row])

    def mark_removed(self, trials: Iterable[int]) -> None:
        """Say in `trials` that the bundles of these trials are no longer kept."""
        numbers = ", ".join(str(int(trial)) for trial in trials)
        which = f"search_id = '{self.folder.search_id}' AND trial IN ({numbers}) AND NOT bundle_removed"

        def update() -> None:
            open_or_create(self.store, "trials").update({"bundle_removed": "true"}, predicate=which)

        if numbers:
            retried(update)

    def _trials_in_the_table(self) -> set[RecordKey]:
        def read() -> pl.DataFrame:
            rows = scan(self.store, "trials").filter(search_id=self.folder.search_id)
            return rows.select("trial", "attempt").collect()

        return {("trial", str(trial), attempt) for trial, attempt in retried(read).iter_rows()}

    def _new_keys(self) -> list[RecordKey]:
        return sorted(key for key in self.folder.record_keys() if key not in self._folded)

    def _read(self, key: RecordKey) -> Record | None:
        try:
            return self.folder.record(*key)
        except StorageError as error:  # one damaged file must not keep the others out of the tables
            _LOG.error("%s It is left out of the tables.", error)
            self._folded.add(key)
            return None

    def _append(self, table: str, rows: pl.DataFrame) -> None:
        """Append those rows whose keys the table does not hold."""
        if rows.height == 0:
            return
        search_id, columns = self.folder.search_id, _KEYS[table]
        app_id = f"{search_id}/{table}"

        def attempt() -> Keys:
            handle = open_or_create(self.store, table)
            transaction = handle.transaction_version(app_id)
            number = -1 if transaction is None else int(transaction)
            known = self._present.get(table)
            if known is None or known[0] != number:  # another fold wrote since; its rows are in this handle
                there = pl.scan_delta(handle).filter(search_id=search_id).select(columns).unique()
                known = (number, set(there.collect().iter_rows()))
            new = rows.filter([key not in known[1] for key in rows.select(columns).iter_rows()])
            if new.height == 0:
                self._present[table] = known
                return known[1]
            append(handle, new, app_id, number + 1)
            self._present[table] = (number + 1, known[1] | set(new.select(columns).iter_rows()))
            return self._present[table][1]

        retried(attempt)


def update_searches(store: Store, rows: Sequence[SearchRow]) -> None:
    """Make each of these the one row of its search in `searches`, all of them in one commit."""
    source = pl.DataFrame([asdict(row) for row in rows], schema=table_schema("searches"))
    ids = ", ".join(f"'{safe_name(row.search_id, 'search')}'" for row in rows)  # they go into the predicate
    predicate = f"target.search_id IN ({ids}) AND source.search_id = target.search_id"

    def merge() -> None:
        merger = open_or_create(store, "searches").merge(
            source,
            predicate,
            source_alias="source",
            target_alias="target",
            merge_schema=True,
            commit_properties=CommitProperties(max_commit_retries=0),
        )
        merger.when_matched_update_all().when_not_matched_insert_all().execute()

    step("before", "tables/searches")
    retried(merge)
    step("synced", "tables/searches")


def _rows(table: str, records: list[Record], folder: SearchFolder) -> pl.DataFrame:
    """The rows of one table that these records hold."""
    if table == "predictions":
        return pl.concat([_predictions(record, folder) for record in records])
    of: dict[str, Callable[[Record], Iterable[Any]]] = {
        "trials": lambda record: [record.trial] if record.trial is not None else [],
        "epochs": Record.epoch_rows,
        "scores": lambda record: record.scores,
    }
    rows = [vars(row) for record in records for row in of[table](record)]
    return pl.DataFrame(cast(Any, rows), schema=table_schema(table), orient="row")


def _predictions(record: Record, folder: SearchFolder) -> pl.DataFrame:
    try:
        return read_predictions(folder.place, record.predictions)
    except StorageError as error:  # the scores of the record count all the same
        _LOG.error("%s The scores of %s %s are kept without an interval.", error, record.kind, record.name)
        return pl.DataFrame(schema=table_schema("predictions"))
