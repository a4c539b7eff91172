"""Commands that remove what is no longer wanted from a store."""

from __future__ import annotations

from typing import Annotated

import typer

from automl.commands.options import SearchArgument, StoreOption


def delete(
    search_id: SearchArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would free.")] = False,
    store: StoreOption = None,
) -> None:
    """Removes a search, its models and its rows."""
    from automl.store import open_store
    from automl.store.retention import delete as remove

    opened = open_store(store)
    opened.search(search_id)
    freed = remove(opened, search_id, dry_run)
    print(f"{search_id}: {freed / 1e6:.1f} MB {'would be freed' if dry_run else 'freed'}.")


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would free.")] = False,
    store: StoreOption = None,
) -> None:
    """Removes what nothing in a store refers to any more.

    Folders of lost attempts, temporary files, old versions of tables.
    """
    from automl.store import open_store
    from automl.store.retention import gc as collect

    removed = collect(open_store(store), dry_run)
    if not removed:
        print("There is nothing to remove.")
        return
    for what, n_bytes in removed:
        print(f"{n_bytes / 1e6:10.3f} MB  {what}")
    total = sum(n_bytes for _, n_bytes in removed)
    print(f"{total / 1e6:10.3f} MB {'would be freed' if dry_run else 'freed'}.")
