"""The Delta tables: reading a pinned version, and committing to them beside other writers."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from automl.errors import StorageError
from automl.store.rows import TABLES, schema
from automl.store.store import Store

T = TypeVar("T")
MAX_COMMIT_RETRIES = 200  # 64 writers of one table at once lose commits at the library's 15
COMMIT_SECONDS = 300.0  # how long one commit is tried again before it is an error
LOST_SECONDS = 60.0  # how long a bucket is asked again that does not answer, or answers in part
_LOST = re.compile("Generic (S3|GCS|MicrosoftAzure) error")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ROW_GROUP_ROWS = 20_000  # one search's rows among a million are found by skipping the other groups
WIDE_ROW_GROUP_ROWS = 200  # where each row holds whole lists
CONFIGURATION = {"delta.logRetentionDuration": "interval 1 days", "delta.checkpointInterval": "50"}


def open_table(store: Store, table: str, version: int | None = None) -> DeltaTable | None:
    """A handle on one version of a table, the latest unless told; None where there is no table."""
    try:
        return DeltaTable(str(store.table_place(table)), version=version)
    except TableNotFoundError:
        return None


def version(store: Store, table: str) -> int | None:
    """The latest version of a table: pass it to `scan` to read several times from the same rows."""
    handle = open_table(store, table)
    return None if handle is None else int(handle.version())


def scan(store: Store, table: str, version: int | None = None) -> pl.LazyFrame:
    """One version of a table, the latest unless told, with exactly the columns of its rows.

    It has no rows where there is no table. A column that rows were written before is null in them,
    and one that a later version added is left out. A filter on `search_id` opens only the files
    that may hold that search, by the statistics in the table's log.
    """
    handle = open_table(store, table, version)
    if handle is None:
        return pl.LazyFrame(schema=table_schema(table))
    return as_rows(pl.scan_delta(handle), table)


def as_rows(frame: pl.LazyFrame, table: str) -> pl.LazyFrame:
    """The frame with exactly the columns of the table's rows, null where it lacks one."""
    there = frame.collect_schema()
    return frame.select(
        pl.col(name) if name in there else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in table_schema(table).items()
    )


@cache
def table_schema(table: str) -> pl.Schema:
    return schema(TABLES[table])


def append(handle: DeltaTable, rows: pl.DataFrame, app_id: str, transaction: int) -> None:
    """Append rows on top of what this handle has read.

    Raises:
        CommitFailedError: another writer committed under the same `app_id` since the handle was opened.
    """
    write_deltalake(
        handle,
        rows,
        mode="append",
        schema_mode="merge",
        writer_properties=writer_properties(rows.schema),
        commit_properties=CommitProperties(
            max_commit_retries=MAX_COMMIT_RETRIES, app_transactions=[Transaction(app_id, transaction)]
        ),
    )


def open_or_create(store: Store, table: str) -> DeltaTable:
    """A handle on the latest version of a table, which is made where there is none."""

    def attempt() -> DeltaTable:
        handle = open_table(store, table)
        if handle is not None:
            return handle
        place = store.table_place(table)
        empty = pl.DataFrame(schema=table_schema(table))
        write_deltalake(str(place), empty, mode="ignore", configuration=CONFIGURATION)
        return DeltaTable(str(place))

    return retried(attempt)


def retried(attempt: Callable[[], T]) -> T:
    """What `attempt` returns; begun anew, from opening its table, after another writer won or an answer was lost.

    Raises:
        StorageError: the disk failed, others won for five minutes, or a bucket did not answer for one.
    """
    begin, pause = time.monotonic(), 0.02
    while True:
        try:
            return attempt()
        except CommitFailedError as error:
            if time.monotonic() - begin > COMMIT_SECONDS:
                raise StorageError(
                    f"The tables could not be written for {COMMIT_SECONDS:.0f} s because other writers were "
                    f"always first: {error}. Nothing is lost; the next fold tries again."
                ) from error
        except (DeltaError, OSError) as error:
            was_lost = _LOST.search(str(error)) is not None and time.monotonic() - begin < LOST_SECONDS
            if not was_lost and "already exists" not in str(error):
                raise StorageError(
                    f"The tables could not be read or written: {_sentence(error)}. Nothing recorded is lost; make "
                    "the store reachable again, or free some space, then resume."
                ) from error
        time.sleep(random.uniform(0, pause))
        pause = min(2 * pause, 2.0)


def _sentence(error: Exception) -> str:
    """What the library says over several lines and in colours, in one."""
    return " ".join(_COLOUR.sub("", str(error)).replace("↳", "-").split())[:500].rstrip(".")


def writer_properties(schema: pl.Schema) -> WriterProperties:
    wide = schema.get("prediction") is not None
    return WriterProperties(
        compression="ZSTD", max_row_group_size=WIDE_ROW_GROUP_ROWS if wide else ROW_GROUP_ROWS
    )
