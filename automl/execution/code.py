"""Families of a user's own that were sent to the service: on every machine their files are fetched from the store."""

from __future__ import annotations

from dataclasses import replace

from automl.resolved import FamilyChoice, Search
from automl.store import Store
from automl.store.uploads import SCHEME, Uploads


def with_local_code(search: Search, store: Store) -> Search:
    """The search with such files on a disk of this machine, at paths of our making; their hashes are checked before
    anything of them runs."""
    uploads = Uploads(store)

    def local(family: FamilyChoice) -> FamilyChoice:
        if family.file is None or not family.file.startswith(SCHEME):
            return family
        return replace(family, file=str(uploads.fetch(family.file)))

    return replace(search, families=tuple(map(local, search.families)))
