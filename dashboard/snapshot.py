"""The store as one run of a page sees it: one version of each table from beginning to end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from deltalake import DeltaTable

from automl.results import Results
from automl.store import Store, open_store
from automl.store.store import DEFAULT_STORE
from automl.store.tables import as_rows, open_table, table_schema
from dashboard import words


@dataclass
class Snapshot:
    """Tables pinned at the version that was the latest when each was first read."""

    store: Store
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    _tables: dict[str, DeltaTable | None] = field(default_factory=dict)

    @property
    def results(self) -> Results:
        """What is asked of the store beside its tables: logs, attempts, models."""
        return Results(self.store)

    def table(self, name: str) -> DeltaTable | None:
        """A table as it was; None where there was none."""
        if name not in self._tables:
            self._tables[name] = open_table(self.store, name)
        return self._tables[name]

    def version(self, table: str) -> int | None:
        found = self.table(table)
        return None if found is None else int(found.version())

    def scan(self, table: str) -> pl.LazyFrame:
        found = self.table(table)
        schema = table_schema(table)
        return pl.LazyFrame(schema=schema) if found is None else as_rows(pl.scan_delta(found), table)

    def command(self, *arguments: str) -> str:
        """What prints the same on the command line."""
        elsewhere = str(self.store) != str(Path(DEFAULT_STORE).absolute())
        place = ("--store", str(self.store)) if elsewhere else ()
        return words.shell("automl", *arguments, *place)


def take_snapshot() -> Snapshot:
    """The store that AUTOML_STORE names, now.

    Raises:
        UnreachableError: there is none.
    """
    return Snapshot(open_store())
