"""The stores that are opened, and what there is in each to be asked for."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import polars as pl

from automl.store import Store
from automl.store.delta import scan
from automl.store.reading import ranked
from benchmarks import _million
from benchmarks.dashboard.addresses import Names

N_OPENED = 21  # searches that take turns
N_GOOD = 5  # trials of a search


def million(work: Path, n_trials: int) -> Store:
    """A store of so many trials that may be written to: what it shares with the kept one is never changed in place."""
    kept = _million.build(work / str(n_trials), n_trials)
    copy = work / f"{n_trials}-in-use"
    if copy.exists():
        shutil.rmtree(copy)
    shutil.copytree(str(kept.place), copy, copy_function=os.link)
    return _million.build(copy, n_trials)


def names_of_million(store: Store) -> Names:
    numbers = [7 + 11 * place for place in range(N_OPENED)]  # each over another data set
    ids = [_million.search_id(number) for number in numbers]
    return Names(
        searches=ids,
        trials=_best_trials(store, ids),
        refits=[f"{name}/0-0" for name in ids],
        datasets=[_million.dataset(number) for number in numbers],
        big=_million.search_id(_million.BIG),
        running=_million.search_id(_million.RUNNING),
    )


def names_of(store: Store) -> Names:
    """What there is in any store."""
    found = scan(store, "searches").sort("n_trials", "search_id", descending=True).collect()
    ended = found.filter(pl.col("best_trial").is_not_null())
    ids = ended["search_id"].to_list()
    assert ids, f"The store {store} has no search with a best trial."
    running = found.filter(pl.col("state") == "running")["search_id"].to_list()
    scored = scan(store, "scores").filter(pl.col("split") == "test").select("dataset").unique().collect()
    datasets = sorted(scored["dataset"]) or ended["dataset"].unique().sort().to_list()
    return Names(ids, _good_trials(store, ids), _refits(store), datasets, ids[0], (running or [""])[0])


def _best_trials(store: Store, ids: list[str]) -> list[str]:
    rows = scan(store, "searches").filter(pl.col("search_id").is_in(ids)).collect()
    best = dict(rows.select("search_id", "best_trial").iter_rows())
    return [f"{name}/{best[name]}" for name in ids if best.get(name) is not None]


def _good_trials(store: Store, ids: list[str]) -> list[str]:
    """The best trials of these searches, the best of each first."""
    rows = ranked(scan(store, "trials").filter(pl.col("search_id").is_in(ids)))
    best = rows.group_by("search_id", maintain_order=True).head(N_GOOD).select("search_id", "trial").collect()
    return [f"{search_id}/{trial}" for search_id, trial in best.iter_rows()]


def _refits(store: Store) -> list[str]:
    """The first refit of each finalist."""
    refits = scan(store, "scores").filter(kind="refit").select("search_id", "entry").unique()
    return [f"{entry}-0" for _, entry in refits.sort("search_id", "entry").collect().iter_rows()]
