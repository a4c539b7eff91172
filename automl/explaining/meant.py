"""Which network is meant by ``SEARCH``, ``SEARCH/17`` (a trial) or ``SEARCH/17-0`` (a refit)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from automl.choosing import choose
from automl.errors import NotFoundError, RequestError
from automl.remote import connected
from automl.resolved import Search
from automl.run import load_search
from automl.store import SearchFolder, Store, open_store
from automl.store.places import Place
from automl.store.pulling import bundle_of
from automl.store.reading import scores, trials

_MOST_NAMED = 12


@dataclass(frozen=True)
class Meant:
    """One network of a search.

    Args:
        name: the trial's number, or ``<trial>-<seed>`` for a refit.
        place: where its bundle lies; None where none is kept.
    """

    store: Store
    folder: SearchFolder
    name: str
    place: Place | None

    @property
    def full_name(self) -> str:
        return f"{self.folder.search_id}/{self.name}"

    @property
    def trial(self) -> int:
        return int(self.name.partition("-")[0])

    @cached_property
    def search(self) -> Search:
        return load_search(self.store, self.folder.search_id)[0]

    @property
    def attempt(self) -> int:
        """The attempt that its bundle is of: ``.../refits/3-0/1-ab12cd34/bundle``."""
        assert self.place is not None
        return int(str(self.place).split("/")[-2].partition("-")[0])


def opened(store: str | Path | None) -> Store:
    """The store itself: what is asked here needs its files, and not only what a service tells of them."""
    if connected(store) is not None:
        raise RequestError(
            "This reads the files of a store, but AUTOML_URL names a service: run it where the store is, and name "
            "it with --store. `automl pull` copies a model from the service."
        )
    return open_store(store)


def network_meant(store: Store, which: str) -> Meant:
    """Any network: of a trial, kept or not, or of a refit.

    Raises:
        NotFoundError: there is no such search, trial or refit.
    """
    search_id, _, part = which.partition("/")
    folder = store.search(search_id)
    if part.isascii() and part.isdecimal():
        rows = trials(store, search_id).filter(pl.col("trial") == int(part)).collect()
        if rows.height and (rows["bundle"][0] is None or rows["bundle_removed"][0]):
            return Meant(store, folder, str(int(part)), None)
    place = bundle_of(store, which)
    return Meant(store, folder, _name_of(place), place)


def refit_meant(store: Store, which: str) -> Meant:
    """A refit; of a search or a trial, the one that validation chooses.

    Raises:
        NotFoundError: there is none.
    """
    search_id, _, part = which.partition("/")
    folder = store.search(search_id)
    if not (part.isascii() and part.isdecimal()):
        return network_meant(store, which)
    rows = scores(store, search_id).filter(pl.col("kind") == "refit", pl.col("bundle").is_not_null())
    refits = rows.collect()
    own = refits.filter(pl.col("trial") == int(part))
    if own.height == 0:
        _refuse_trial(store, which, refits)
    _, seed = choose(own, folder.plain["objectives"][0]["name"])
    place = folder.place / str(own.filter(pl.col("seed") == seed)["bundle"][0])
    return Meant(store, folder, _name_of(place), place)


def _refuse_trial(store: Store, which: str, refits: pl.DataFrame) -> None:
    search_id, _, part = which.partition("/")
    if trials(store, search_id).filter(pl.col("trial") == int(part)).collect().height == 0:
        bundle_of(store, which)  # says that there is no such trial
    names = sorted({bundle.split("/")[1] for bundle in refits["bundle"]}, key=_order)
    there = f"Its refits are {', '.join(names[:_MOST_NAMED])}" if names else "It has no refit yet"
    raise NotFoundError(
        f"{which} was not trained again as a finalist, and only refits are explained: they have predicted rows "
        f"that no search has seen. {there}; see `automl leaderboard {search_id}`."
    )


def _order(name: str) -> tuple[int, int]:
    trial, _, seed = name.partition("-")
    return int(trial), int(seed)


def _name_of(bundle: Place) -> str:
    return str(bundle).split("/")[-3]  # .../refits/3-0/1-ab12cd34/bundle
