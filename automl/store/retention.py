"""What is kept on the disk, and what is removed: while a search runs, on request, and when left over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from automl.errors import AlreadyRecorded, NotFoundError
from automl.metric import Goal
from automl.pareto import pareto
from automl.store.compaction import vacuum
from automl.store.delta import open_table, retried, scan
from automl.store.fold import Fold
from automl.store.folder import DESCRIPTION, SearchFolder
from automl.store.lease import clock
from automl.store.places import Place, safe_name
from automl.store.places.disk import TEMPORARY
from automl.store.reading import ranked, trials
from automl.store.records import RecordKind
from automl.store.rows import TABLES
from automl.store.store import DELETED, Store

N_BEST = 10
ORPHAN_SECONDS = 3600.0
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
    rows = retried(lambda: trials(fold.store, folder.search_id).collect())
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
    for place in doomed:
        freed += _remove(place)
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


def _work(folder: SearchFolder, kind: RecordKind, name: str, attempt: int) -> list[Place]:
    """The work folders of this attempt and of those before it."""
    return [place for number, place in folder.work_folders(kind, name) if number <= attempt]


def _unneeded(folder: SearchFolder, kind: RecordKind, name: str, attempt: int) -> list[Place]:
    """Of one whose bundle is kept: its checkpoints, and the folders that its record does not name."""
    found = _work(folder, kind, name, attempt)
    if len(found) < 2 and not any("checkpoint" in place.names() for place in found):
        return []
    record = folder.record(kind, name, attempt)
    if record is None or record.folder is None:
        return []
    named = folder.place / record.folder
    if named not in found:
        return []
    others = [place for place in found if place != named]
    return [*others, *([named / "checkpoint"] if "checkpoint" in named.names() else [])]


def delete(store: Store, search_id: str, dry_run: bool = False) -> int:
    """Remove a search: its folder, and its rows in every table; give the bytes of its folder.

    A mark says so first, so that a crash on the way leaves no half of a search; `gc` then ends it.

    Raises:
        NotFoundError: there is no such search.
    """
    place = store.search(search_id).place
    n_bytes = place.n_bytes()
    if not dry_run:
        mark = store.place / "searches" / f"{DELETED}{search_id}"
        try:
            mark.write_once(b"")
        except AlreadyRecorded as error:
            raise NotFoundError(f"The search {search_id!r} is being deleted already.") from error
        _end_delete(store, mark)
    return n_bytes


def _end_delete(store: Store, mark: Place) -> None:
    search_id = safe_name(mark.name.removeprefix(DELETED), "search")
    place = store.search_place(search_id)
    (place / DESCRIPTION).remove()  # from here on there is no such search, and its workers stop
    for table in TABLES:
        retried(lambda table=table: _delete_rows(store, table, search_id))  # type: ignore[misc]
    place.remove()
    mark.remove()


def _delete_rows(store: Store, table: str, search_id: str) -> None:
    handle = open_table(store, table)
    if handle is not None:
        handle.delete(f"search_id = '{search_id}'")


def gc(store: Store, dry_run: bool = False) -> list[tuple[str, int]]:
    """Remove what is left over, each with its bytes: of searches that do not run, work folders
    without a record that are an hour old; unfinished files; searches half deleted; old table versions.
    """
    found: list[tuple[str, int]] = []
    for mark in _deletions(store):
        search_id = mark.name.removeprefix(DELETED)
        found.append((f"searches/{search_id}: its deletion", store.search_place(search_id).n_bytes()))
        if not dry_run:
            _end_delete(store, mark)
    for place in list(_leftovers(store)):
        found.append((str(place).removeprefix(f"{store}/"), place.n_bytes()))
        if not dry_run:
            _remove(place)
    for table in TABLES:
        handle = open_table(store, table)
        if handle is not None:
            sizes = [(store.table_place(table) / name).n_bytes() for name in vacuum(handle, dry_run=True)]
            if sizes:
                found.append((f"tables/{table}: old versions", sum(sizes)))
                if not dry_run:
                    vacuum(handle, dry_run=False)
    return found


def _deletions(store: Store) -> list[Place]:
    searches = store.place / "searches"
    return [searches / name for name in sorted(searches.names()) if name.startswith(DELETED)]


def _leftovers(store: Store) -> Iterator[Place]:
    searches, now = store.place / "searches", clock(store.place)
    for found in searches.files():
        unfinished = found.name.rpartition("/")[2].startswith(TEMPORARY)
        if unfinished and now - found.changed_at > ORPHAN_SECONDS:
            yield searches / found.name
    alive = set(scan(store, "searches").filter(pl.col("state").is_in(_ALIVE)).collect()["search_id"])
    for search_id in store.search_ids():
        if search_id in alive:
            continue
        folder = store.search(search_id)
        for kind, name in folder.names():
            for attempt, place in folder.work_folders(kind, name):
                if not folder.has_record(kind, name, attempt) and _is_old(place, now):
                    yield place


def _is_old(place: Place, now: float) -> bool:
    """Whether nothing in it changed for an hour."""
    changed = place.last_change()
    return changed is None or now - changed > ORPHAN_SECONDS


def _remove(place: Place) -> int:
    n_bytes = place.n_bytes()
    place.remove()
    return n_bytes
