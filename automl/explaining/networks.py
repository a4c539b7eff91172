"""The network that is meant: out of its bundle, or built again."""

from __future__ import annotations

import json

import polars as pl
from torch import nn

from automl import bundle, training
from automl.bundle_files import MODEL, check_whose
from automl.errors import DataError, NotFoundError, RequestError, SpecError, TrialFailure, UnreachableError
from automl.explaining.meant import Meant
from automl.family import Family
from automl.predictor import Predictor
from automl.run import prepare_again
from automl.signature import Signature
from automl.space import Configuration
from automl.store.places import Place
from automl.store.reading import scores, trials

# What a family may raise that is no longer the one that a configuration was drawn for.
_UNFIT = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, AssertionError, RuntimeError)


def loaded(meant: Meant) -> Predictor:
    """The model in a bundle, verified, on the CPU.

    Raises:
        BundleError: it is damaged, or not that of its place.
        RequestError: the file of a user's own family is gone.
    """
    assert meant.place is not None
    with meant.place.fetched() as local:
        bundle.verify(local)
        check_whose(str(meant.place), local)
        name = json.loads((local / MODEL).read_text())["family"]
        return bundle.load(local, family=family_of(meant, name))


def built_again(meant: Meant) -> tuple[nn.Module, Signature, str]:
    """The network of a trial whose bundle is gone, without its weights; what it is given, and its family.

    Raises:
        RequestError: what it takes in is not known any more, or its family has changed.
    """
    search_id = meant.folder.search_id
    row = trials(meant.store, search_id).filter(pl.col("trial") == meant.trial).collect()
    name = str(row["family"][0])
    configuration: Configuration = json.loads(row["configuration"][0])
    family, signature = family_of(meant, name), _signature(meant)
    try:
        network = training.build_network(family, configuration, signature, seed=0)
    except (*_UNFIT, TrialFailure) as error:
        raise RequestError(
            f"{meant.full_name} has no model any more, and the family {name} as it is now cannot build its "
            f"network again: {error}."
        ) from error
    return network.eval(), signature, name


def family_of(meant: Meant, name: str) -> Family:
    """A family of the search as it is installed, or in the user's file.

    Raises:
        RequestError: the file is gone, or is another than the search began with.
    """
    chosen = next((one for one in meant.search.families if one.name == name), None)
    if chosen is None:
        raise SpecError(f"{meant.full_name} is of the family {name!r}, which is not one of its search.")
    try:
        return chosen.load()
    except OSError as error:
        raise RequestError(
            f"{meant.full_name} is of the family {name} in the file {chosen.file}, which cannot be read: "
            f"{error.strerror or error}. Put the file back: a bundle never carries code."
        ) from error


def _signature(meant: Meant) -> Signature:
    """What every network of the search is given: as another bundle of it says, or as its data does."""
    for place in _bundles(meant):
        try:
            return Signature.from_plain(json.loads((place / MODEL).read())["signature"])
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            continue  # damaged or gone: another one says the same
    try:
        return prepare_again(meant.search, meant.store).signature
    except (DataError, NotFoundError, UnreachableError) as error:
        raise RequestError(
            f"{meant.full_name} has no model any more (only the best are kept), nor has {meant.folder.search_id} "
            f"another one that says what its networks take in; and its data cannot be read again: {error}"
        ) from error


def _bundles(meant: Meant) -> list[Place]:
    search_id = meant.folder.search_id
    of_refits = scores(meant.store, search_id).filter(pl.col("kind") == "refit").select("bundle")
    of_trials = trials(meant.store, search_id).filter(~pl.col("bundle_removed")).select("bundle")
    names = pl.concat([of_refits, of_trials]).unique(maintain_order=True).drop_nulls().collect()["bundle"]
    return [meant.folder.place / name for name in names]
