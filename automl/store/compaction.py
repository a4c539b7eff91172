"""Compaction: many small files become few, sorted ones, so that reading one search stays quick.

One process at a time does it, under a lease. It never removes what another writer appended
meanwhile, and gives way where another changed the rows that it was about to rewrite.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from automl.store.delta import open_table, retried, table_schema, writer_properties
from automl.store.lease import lease
from automl.store.rows import TABLES
from automl.store.store import Store

SMALL_FILE_BYTES = 16 * 2**20
TARGET_FILE_BYTES = 128 * 2**20
MANY_SMALL_FILES = 64
SORT_AT_MOST_BYTES = 2 * 2**30  # sorting takes memory: larger tables are merged
RETENTION_HOURS = 24  # a reader that pinned a version has so long before its files go
LEASE_SECONDS = 1800.0
SORTED_BY: Mapping[str, tuple[str, ...]] = {  # by what a table is asked for
    "searches": ("search_id",),
    "trials": ("search_id", "trial", "attempt"),
    "epochs": ("search_id", "trial", "attempt", "metric", "epoch"),
    "scores": ("fingerprint", "split_id", "search_id", "entry", "seed", "split", "metric"),
    "predictions": ("fingerprint", "split_id", "split", "search_id", "entry", "seed"),
}


def maybe_compact(store: Store) -> list[str]:
    """Compact the tables that have more than 64 small files; give their names."""
    return retried(lambda: _compact(store, MANY_SMALL_FILES))


def compact(store: Store) -> list[str]:
    """Compact every table that has more than one small file; give the names of those rewritten."""
    return _compact(store, 1)


def _compact(store: Store, more_than: int) -> list[str]:
    crowded = [table for table in TABLES if _n_small_files(open_table(store, table)) > more_than]
    if not crowded:
        return []
    with lease(store.place / "tables", ".compacting", LEASE_SECONDS) as got:
        return [table for table in crowded if _compact_table(store, table)] if got else []


def _compact_table(store: Store, table: str) -> bool:
    handle = open_table(store, table)
    if handle is None:
        return False
    try:
        small, total = _bytes_of(handle)
        if total <= SORT_AT_MOST_BYTES and 4 * small >= total:
            _rewrite_sorted(handle, table)
        else:  # little is new: merging it alone keeps the cost of a row's life at a few rewrites
            handle.optimize.compact(
                target_size=TARGET_FILE_BYTES, writer_properties=writer_properties(table_schema(table))
            )
    except CommitFailedError:
        return False  # another writer changed these rows meanwhile; the next compaction will see them
    handle = DeltaTable(str(store.table_place(table)))
    handle.create_checkpoint()
    handle.cleanup_metadata()
    vacuum(handle, dry_run=False)
    return True


def vacuum(handle: DeltaTable, dry_run: bool) -> list[str]:
    """The files that no version of the last day needs, removed unless told not to."""
    return list(
        handle.vacuum(retention_hours=RETENTION_HOURS, dry_run=dry_run, enforce_retention_duration=False)
    )


def _rewrite_sorted(handle: DeltaTable, table: str) -> None:
    """Replace the files that this handle knows; what others append meanwhile stays."""
    rows = pl.scan_delta(handle).collect()
    write_deltalake(
        handle,
        rows.sort(SORTED_BY[table]),
        mode="overwrite",
        schema_mode="merge",
        target_file_size=TARGET_FILE_BYTES,
        writer_properties=writer_properties(rows.schema),
        commit_properties=CommitProperties(max_commit_retries=20),
    )


def _sizes(handle: DeltaTable) -> pl.Series:
    return pl.DataFrame(handle.get_add_actions(flatten=True))["size_bytes"]


def _n_small_files(handle: DeltaTable | None) -> int:
    return 0 if handle is None else int((_sizes(handle) < SMALL_FILE_BYTES).sum())


def _bytes_of(handle: DeltaTable) -> tuple[int, int]:
    """The bytes in small files, and in all."""
    sizes = _sizes(handle)
    return int(sizes.filter(sizes < SMALL_FILE_BYTES).sum()), int(sizes.sum())
