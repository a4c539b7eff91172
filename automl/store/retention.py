"""What is kept on the disk, and what is removed: while a search runs, on request, and when left over."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from automl.errors import NotFoundError
from automl.metric import Goal
from automl.pareto import pareto
from automl.store.compaction import vacuum
from automl.store.delta import open_table, retried, scan
from automl.store.files import TEMPORARY, safe_name, size_of, sync_folder
from automl.store.fold import Fold
from automl.store.folder import SearchFolder
from automl.store.reading import ranked, trials
from automl.store.records import FOLDERS, RecordKind
from automl.store.rows import TABLES
from automl.store.store import Store

N_BEST = 10
ORPHAN_SECONDS = 3600.0
_DELETED = ".deleted-"
_ALIVE = ("queued", "running", "stopping")


def prune(
    folder: SearchFolder, fold: Fold, objectives: Mapping[str, Goal] | None = None, ended: bool = False
) -> int:
    """Remove the bundles that are not kept and the checkpoints that nobody needs; give the bytes freed.

    Kept are the bundles of the ten best trials, of the Pareto front of the objectives, and of all
    refits and baselines. Only trials whose last row is in the table are looked at, and their rows
    say so before anything goes. A failed trial may be tried again from its checkpoint, so what it
    left stays until the search has ended.

    Args:
        objectives: the goal of each, by the name under which `TrialRow.scores` has it; when left out,
            those in the search's own ``search.json``.
        ended: whether no trial will be tried again.
    """
    rows = trials(fold.store, folder.search_id).collect()
    if objectives is None:
        objectives = {one["name"]: one["goal"] for one in folder.plain.get("objectives", [])}
    kept = _kept(rows, objectives)
    freed, removed, doomed = 0, [], []
    for trial, attempt, state, is_removed in rows.select(
        "trial", "attempt", "state", "bundle_removed"
    ).iter_rows():
        if state == "failed" and not ended:
            continue
        if trial in kept:
            doomed += _unneeded(folder, "trial", str(trial), attempt)
        else:
            found = _work(folder, "trial", str(trial), attempt)
            doomed += found
            removed += [trial] if found and not is_removed else []
    for kind, name, attempt in list(folder.record_keys()):
        if kind != "trial" and not folder.has_record(kind, name, attempt + 1):
            doomed += _unneeded(folder, kind, name, attempt)
    fold.mark_removed(removed)
    for path in doomed:
        freed += _remove(path)
    return freed


def _kept(rows: pl.DataFrame, objectives: Mapping[str, Goal]) -> set[int]:
    counted = ranked(rows.lazy()).collect()
    kept = set(counted.head(N_BEST)["trial"])
    if len(objectives) > 1:
        values = {
            name: pl.col("scores").str.json_path_match(f"$['{name}']").cast(pl.Float64, strict=False)
            for name in objectives
        }
        kept |= set(pareto(counted.select("trial", **values), objectives)["trial"])
    return kept


def _work(folder: SearchFolder, kind: RecordKind, name: str, attempt: int) -> list[Path]:
    """The work folders of this attempt and of those before it."""
    found = folder.latest_work_folders(kind, name)
    return [path for path in found if int(path.name.partition("-")[0]) <= attempt]


def _unneeded(folder: SearchFolder, kind: RecordKind, name: str, attempt: int) -> list[Path]:
    """Of one whose bundle is kept: its checkpoints, and the folders that its record does not name."""
    found = _work(folder, kind, name, attempt)
    if not any((path / "checkpoint").exists() for path in found) and len(found) < 2:
        return []
    record = folder.record(kind, name, attempt)
    if record is None or record.folder is None:
        return []
    named = folder.path / record.folder
    if named not in found:
        return []
    others = [path for path in found if path != named]
    return [*others, *([named / "checkpoint"] if (named / "checkpoint").exists() else [])]


def delete(store: Store, search_id: str, dry_run: bool = False) -> int:
    """Remove a search: its folder, and its rows in every table; give the bytes of its folder.

    It is moved away first, so that a crash on the way leaves no half of a search; `gc` then ends it.

    Raises:
        NotFoundError: there is no such search.
    """
    folder = store.search(search_id).path
    n_bytes = size_of(folder)
    if not dry_run:
        aside = folder.with_name(f"{_DELETED}{secrets.token_hex(4)}-{folder.name}")
        try:
            folder.rename(aside)
        except FileNotFoundError as error:
            raise NotFoundError(f"The search {search_id!r} was deleted meanwhile.") from error
        sync_folder(folder.parent)
        _end_delete(store, aside)
    return n_bytes


def _end_delete(store: Store, aside: Path) -> None:
    search_id = safe_name(aside.name.removeprefix(_DELETED).partition("-")[2], "search")
    if not (store.path / "searches" / search_id).exists():  # else it was begun anew, and the rows are its own
        for table in TABLES:
            retried(lambda table=table: _delete_rows(store, table, search_id))  # type: ignore[misc]
    shutil.rmtree(aside, ignore_errors=True)


def _delete_rows(store: Store, table: str, search_id: str) -> None:
    handle = open_table(store, table)
    if handle is not None:
        handle.delete(f"search_id = '{search_id}'")


def gc(store: Store, dry_run: bool = False) -> list[tuple[str, int]]:
    """Remove what is left over, each with its bytes: of searches that do not run, work folders
    without a record that are an hour old; unfinished files; searches half deleted; old table versions.
    """
    found: list[tuple[str, int]] = []
    for path in list(_leftovers(store)):
        found.append((str(path.relative_to(store.path)), size_of(path)))
        if dry_run:
            continue
        if path.name.startswith(_DELETED):
            _end_delete(store, path)
        else:
            _remove(path)
    for table in TABLES:
        handle = open_table(store, table)
        if handle is not None:
            sizes = {name: size_of(store.table_path(table) / name) for name in vacuum(handle, dry_run=True)}
            if sizes:
                found.append((f"tables/{table}: old versions", sum(sizes.values())))
                if not dry_run:
                    vacuum(handle, dry_run=False)
    return found


def _leftovers(store: Store) -> Iterator[Path]:
    searches = store.path / "searches"
    yield from sorted(searches.glob(f"{_DELETED}*"))
    yield from (path for path in sorted(searches.glob(f"*/**/{TEMPORARY}*")) if _is_old(path))
    alive = set(scan(store, "searches").filter(pl.col("state").is_in(_ALIVE)).collect()["search_id"])
    for search_id in store.search_ids():
        if search_id in alive:
            continue
        folder = store.search(search_id)
        for kind, place in FOLDERS.items():
            for path in sorted(folder.path.glob(f"{place}/*/*-*")):
                attempt = path.name.partition("-")[0]
                is_work = path.is_dir() and attempt.isdecimal()
                if is_work and not folder.has_record(kind, path.parent.name, int(attempt)) and _is_old(path):
                    yield path


def _is_old(path: Path) -> bool:
    """Whether nothing in it changed for an hour."""
    inside = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    try:
        return time.time() - max(one.stat().st_mtime for one in (path, *inside)) > ORPHAN_SECONDS
    except FileNotFoundError:
        return False


def _remove(path: Path) -> int:
    n_bytes = size_of(path)
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return n_bytes
