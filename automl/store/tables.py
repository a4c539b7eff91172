"""The tables, as the rest of the project uses them: read a version, keep them quick to read."""

from automl.store.compaction import compact, maybe_compact
from automl.store.delta import as_rows, open_table, retried, scan, table_schema, version

__all__ = ["as_rows", "compact", "maybe_compact", "open_table", "retried", "scan", "table_schema", "version"]
