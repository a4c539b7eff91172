"""Where the bundle lies that a name stands for."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from automl.choosing import choose
from automl.errors import NotFoundError, nearest
from automl.store.folder import SearchFolder
from automl.store.reading import scores, search_row
from automl.store.records import RecordKind
from automl.store.store import Store


def bundle_of(store: Store, which: str) -> Path:
    """The folder of a bundle.

    Args:
        which: a search (its best finalist, chosen by validation), ``SEARCH/17`` (a trial) or
            ``SEARCH/17-0`` (a refit).

    Raises:
        NotFoundError: there is no such model, or its bundle was not kept.
    """
    search_id, slash, name = which.partition("/")
    folder = store.search(search_id)
    bundle = _named(folder, name) if slash else _chosen(store, search_id)
    path = None if bundle is None else folder.path / bundle
    if path is None or not path.is_dir():
        raise NotFoundError(
            f"The bundle of {which} was not kept: a search keeps those of its ten best trials, of its Pareto "
            f"front and of its refits. Pull {search_id} for its best model, or train {which} again with "
            f"`automl reproduce {which}`."
        )
    return path


def _chosen(store: Store, search_id: str) -> str | None:
    rows = scores(store, search_id).collect()
    trial, seed = choose(rows, search_row(store, search_id)["metric"])
    found = rows.filter(pl.col("trial") == trial, pl.col("seed") == seed, pl.col("kind") == "refit")
    return next(iter(found["bundle"].drop_nulls()), None)


def _named(folder: SearchFolder, name: str) -> str | None:
    """The bundle that the last record of a trial or a refit names."""
    kind: RecordKind = "refit" if "-" in name else "trial"
    attempts = [attempt for of, its, attempt in folder.record_keys() if (of, its) == (kind, name)]
    if not attempts:
        known = {its for of, its, _ in folder.record_keys() if of == kind}
        raise NotFoundError(
            f"Search {folder.search_id} has no ended {kind} {name!r}: {nearest(name, known)}"
            if len(known) < 30
            else f"Search {folder.search_id} has no ended {kind} {name!r}; it has {len(known)} others."
        )
    record = folder.record(kind, name, max(attempts))
    if record is None:
        return None
    if record.trial is not None and record.trial.bundle is not None:
        return record.trial.bundle
    named = next((row.bundle for row in record.scores if row.bundle is not None), None)
    return named or (None if record.folder is None else f"{record.folder}/bundle")
