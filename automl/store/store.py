"""The store: the folder or bucket that everything lands in."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.errors import (
    AlreadyRecorded,
    NotFoundError,
    RequestError,
    StorageError,
    UnreachableError,
    nearest,
)
from automl.store.folder import DESCRIPTION, SearchFolder
from automl.store.places import Place, locate, safe_name
from automl.store.plain import dumps

DEFAULT_STORE = "./automl-store"
DELETED = ".deleted-"  # with a search's id behind it: the search is being deleted


@dataclass(frozen=True)
class Store:
    """All searches of one domain of trust; nothing of it stays in memory."""

    place: Place

    def __str__(self) -> str:
        return str(self.place)

    def table_place(self, table: str) -> Place:
        return self.place / "tables" / table

    def search_ids(self) -> list[str]:
        """The ids of all searches, sorted."""
        searches = self.place / "searches"
        found = [name for name in searches.names() if not name.startswith(".")]
        return sorted(name for name in found if (searches / name / DESCRIPTION).exists())

    def search(self, search_id: str) -> SearchFolder:
        """The folder of a search.

        Raises:
            NotFoundError: there is no such search.
        """
        folder = self.search_place(search_id)
        if not (folder / DESCRIPTION).exists():
            hint = nearest(search_id, self.search_ids())
            raise NotFoundError(f"There is no search {search_id!r} in the store {self}: {hint}")
        return SearchFolder(folder)

    def create_search(self, search_id: str, plain: Mapping[str, Any]) -> SearchFolder:
        """The folder of a new search, or of the one that has this id already, as it was.

        Raises:
            RequestError: what is left of one that was deleted is still being removed.
        """
        folder = self.search_place(search_id)
        if (self.place / "searches" / f"{DELETED}{search_id}").exists():
            raise RequestError(
                f"The search {search_id} is being deleted, and cannot be begun again before that has ended. If "
                "the deletion was interrupted, `automl gc` ends it."
            )
        with suppress(AlreadyRecorded):
            (folder / DESCRIPTION).write_once(dumps(plain))
        return SearchFolder(folder)

    def search_place(self, search_id: str) -> Place:
        return self.place / "searches" / safe_name(search_id, "search")

    def check_writable(self) -> None:
        """Raise `RequestError` if records could not be written here."""
        probe = self.place / f".probe-{secrets.token_hex(4)}"
        try:
            probe.write_once(b"probe")
            probe.remove()
        except (StorageError, OSError) as error:
            cause = error.__cause__ or error
            raise RequestError(
                f"The store {self} must be a folder that can be written and that has hard links, or a bucket "
                f"that can be written, but writing there failed: {cause}. Choose another with --store or "
                "AUTOML_STORE, or free space."
            ) from error


def open_store(location: str | Path | None = None, create: bool = False) -> Store:
    """The store at a path or URL (``file://``, ``s3://``, ``gs://``); else at ``AUTOML_STORE``; else
    ``./automl-store``.

    Args:
        create: make the folder where there is none.

    Raises:
        RequestError: it cannot be made, or its kind of place is not supported.
        UnreachableError: there is none.
    """
    chosen = location if location is not None else _from_environment()
    place = locate(str(chosen))
    try:
        if create:
            place.make_folder()
        elif not place.is_folder():
            raise UnreachableError(
                f"There is no store at {place}. Run a search first, or name another with --store or "
                "AUTOML_STORE."
            )
    except StorageError as error:
        if create and place.on_disk() is not None:
            raise RequestError(
                f"The store must be a folder that can be written. {error} Choose another with --store or "
                "AUTOML_STORE."
            ) from error
        raise UnreachableError(str(error)) from error
    return Store(place)


def _from_environment() -> str:
    return os.environ.get("AUTOML_STORE") or DEFAULT_STORE
