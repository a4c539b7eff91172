"""The store as one run of a page sees it: one version of each table from beginning to end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from automl.store import Store, open_store
from automl.store.store import DEFAULT_STORE
from automl.store.tables import scan, version
from dashboard import words


@dataclass
class Snapshot:
    """Tables pinned at the version that was the latest when each was first read."""

    store: Store
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    versions: dict[str, int | None] = field(default_factory=dict)

    def version(self, table: str) -> int | None:
        if table not in self.versions:
            self.versions[table] = version(self.store, table)
        return self.versions[table]

    def scan(self, table: str) -> pl.LazyFrame:
        return scan(self.store, table, self.version(table))

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
