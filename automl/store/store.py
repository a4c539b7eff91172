"""The store: the folder that everything lands in."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from automl.errors import (
    AlreadyRecorded,
    NotFoundError,
    RequestError,
    StorageError,
    UnreachableError,
    nearest,
)
from automl.store.files import TEMPORARY, make_folder, safe_name, write_once
from automl.store.folder import SearchFolder
from automl.store.plain import dumps

DEFAULT_STORE = "./automl-store"


@dataclass(frozen=True)
class Store:
    """All searches of one domain of trust; nothing of it stays in memory."""

    path: Path

    def table_path(self, table: str) -> Path:
        return self.path / "tables" / table

    def search_ids(self) -> list[str]:
        """The ids of all searches, sorted."""
        searches = self.path / "searches"
        try:
            found = [entry.name for entry in os.scandir(searches) if not entry.name.startswith(".")]
        except FileNotFoundError:
            return []
        return sorted(name for name in found if (searches / name / "search.json").exists())

    def search(self, search_id: str) -> SearchFolder:
        """The folder of a search.

        Raises:
            NotFoundError: there is no such search.
        """
        folder = self.path / "searches" / safe_name(search_id, "search")
        if not (folder / "search.json").exists():
            hint = nearest(search_id, self.search_ids())
            raise NotFoundError(f"There is no search {search_id!r} in the store {self.path}: {hint}")
        return SearchFolder(folder)

    def create_search(self, search_id: str, plain: Mapping[str, Any]) -> SearchFolder:
        """The folder of a new search, or of the one that has this id already, as it was."""
        folder = self.path / "searches" / safe_name(search_id, "search")
        with suppress(AlreadyRecorded):
            write_once(folder / "search.json", dumps(plain))
        return SearchFolder(folder)

    def check_writable(self) -> None:
        """Raise `RequestError` if records could not be written here."""
        probe = self.path / f"{TEMPORARY}probe-{secrets.token_hex(4)}"
        try:
            write_once(probe, b"probe")
            probe.unlink()
        except (StorageError, OSError) as error:
            cause = error.__cause__ or error
            raise RequestError(
                f"The store {self.path} must be a folder that can be written and that has hard links, but "
                f"writing there failed: {cause}. Choose another with --store or AUTOML_STORE, or free space."
            ) from error


def open_store(location: str | Path | None = None, create: bool = False) -> Store:
    """The store at a path or ``file://`` URL; else at ``AUTOML_STORE``; else ``./automl-store``.

    Args:
        create: make the folder where there is none.

    Raises:
        RequestError: it cannot be made, or its kind of place is not supported.
        UnreachableError: there is none.
    """
    chosen = location if location is not None else _from_environment()
    path = _local_path(str(chosen))
    if create:
        try:
            make_folder(path)
        except OSError as error:
            in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
            cause = "a file is in its place or above it" if in_the_way else error.strerror
            raise RequestError(
                f"The store {path} must be a folder that can be written, but it could not be made: "
                f"{cause}. Choose another with --store or AUTOML_STORE."
            ) from error
    if not path.is_dir():
        raise UnreachableError(
            f"There is no store at {path}. Run a search first, or name another with --store or AUTOML_STORE."
        )
    return Store(path)


def _from_environment() -> str:
    return os.environ.get("AUTOML_STORE") or DEFAULT_STORE


def _local_path(location: str) -> Path:
    url = urlparse(location)
    if "://" not in location:
        return Path(location).expanduser().absolute()
    if url.scheme == "file" and url.netloc in ("", "localhost"):
        return Path(unquote(url.path)).absolute()
    raise RequestError(
        f"The store must be a local folder or a file:// URL, but got {location!r}: only these are "
        "supported in this version."
    )
