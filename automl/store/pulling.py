"""Where the bundle of a search, a trial or a refit lies."""

from __future__ import annotations

import re

import polars as pl

from automl.errors import NotFoundError
from automl.store.places import Place
from automl.store.reading import scores, trials
from automl.store.store import Store

_TRIAL = re.compile(r"[0-9]+")
_REFIT = re.compile(r"([0-9]+)-([0-9]+)")


def bundle_of(store: Store, which: str) -> Place:
    """The folder of a bundle in the store.

    Args:
        which: ``SEARCH`` (the refit that validation chooses), ``SEARCH/17`` (a trial), or
            ``SEARCH/17-0`` (a refit).

    Raises:
        NotFoundError: no such search, trial or refit, or its bundle is not kept.
    """
    search_id, _, part = which.partition("/")
    folder = store.search(search_id)
    if not part:
        return folder.place / _best_refit(store, search_id, folder.plain["objectives"][0]["name"])
    if _TRIAL.fullmatch(part):
        return folder.place / _of_trial(store, search_id, int(part))
    if _REFIT.fullmatch(part):
        return folder.place / _of_refit(store, search_id, part)
    raise NotFoundError(
        f"A model is named SEARCH, SEARCH/TRIAL such as {search_id}/17, or SEARCH/TRIAL-SEED such as "
        f"{search_id}/17-0, but got {which!r}."
    )


def _best_refit(store: Store, search_id: str, metric: str) -> str:
    from automl.choosing import choose

    rows = (
        scores(store, search_id).filter(pl.col("kind") == "refit", pl.col("bundle").is_not_null()).collect()
    )
    if rows.height == 0:
        raise NotFoundError(
            f"The search {search_id} has no finalist trained yet. `automl status {search_id}` says how far it "
            f"is; a single trial can be pulled as {search_id}/TRIAL."
        )
    trial, seed = choose(rows, metric)
    chosen = rows.filter(pl.col("trial") == trial, pl.col("seed") == seed)
    return str(chosen["bundle"][0])


def _of_trial(store: Store, search_id: str, number: int) -> str:
    row = trials(store, search_id).filter(pl.col("trial") == number).collect()
    if row.height == 0:
        raise NotFoundError(
            f"The search {search_id} has no finished trial {number}; see `automl trials {search_id}`."
        )
    bundle, removed, state = row["bundle"][0], row["bundle_removed"][0], row["state"][0]
    if bundle is None or removed:
        why = "was not among the best" if state == "complete" else f"ended {state}"
        raise NotFoundError(
            f"No bundle is kept of trial {number} of {search_id}, which {why}: those of the ten best trials and "
            f"of all refits are. `automl trials {search_id}` shows which."
        )
    return str(bundle)


def _of_refit(store: Store, search_id: str, name: str) -> str:
    rows = scores(store, search_id).filter(
        pl.col("kind") == "refit", pl.col("bundle").str.starts_with(f"refits/{name}/")
    )
    found = rows.collect()
    if found.height == 0:
        raise NotFoundError(
            f"The search {search_id} has no refit {name}; see `automl leaderboard {search_id}`."
        )
    return str(found["bundle"][0])
