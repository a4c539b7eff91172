"""Data that users sent: each file once, by its SHA-256, under the name that it had."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from automl.bundle_files import sha256_of
from automl.errors import DataError, NotFoundError, RequestError
from automl.spec import SearchSpec, with_paths
from automl.store.places import Place
from automl.store.store import Store

SCHEME = "upload://"
_URL = re.compile(rf"{SCHEME}([0-9a-f]{{64}})/([A-Za-z0-9_][A-Za-z0-9._ -]{{0,127}})")


def upload_url(digest: str, name: str) -> str:
    """How a spec names an upload: ``upload://<sha256>/houses.csv``."""
    return f"{SCHEME}{digest}/{name}"


class Uploads:
    """The uploads of one store."""

    def __init__(self, store: Store) -> None:
        self._place = store.place / "uploads"

    def has(self, digest: str, name: str) -> bool:
        return self._at(digest, name).exists()

    def put(self, digest: str, name: str, file: Path) -> None:
        """Keep a file of this machine that has this SHA-256.

        Raises:
            DataError: it has another.
        """
        place = self._at(digest, name)
        found = sha256_of(file)
        if found != digest:
            raise DataError(
                f"What arrived of {name} is not what was announced: its SHA-256 is {found[:12]}..., and was to be "
                f"{digest[:12]}.... Send it again."
            )
        if not place.exists():
            place.write_content(file)

    def fetch(self, url: str) -> Path:
        """The upload on a disk of this machine, whole and checked.

        Raises:
            NotFoundError: there is none of that name.
        """
        matched = _URL.fullmatch(url)
        if matched is None:
            raise NotFoundError(f"An upload is named {SCHEME}SHA256/NAME, but got {url[:200]!r}.")
        digest, name = matched[1], matched[2]
        place = self._at(digest, name)
        if not place.exists():
            raise NotFoundError(f"Nothing was uploaded as {url}.")
        on_disk = place.on_disk()
        if on_disk is not None:
            return on_disk
        kept = _cache() / digest / name
        if not kept.exists() or sha256_of(kept) != digest:
            kept.parent.mkdir(parents=True, exist_ok=True)
            temporary = kept.with_name(f".{name}-{secrets.token_hex(4)}")
            try:
                with temporary.open("wb") as out:
                    out.writelines(place.pieces())
                if sha256_of(temporary) != digest:
                    raise DataError(f"The upload {url} is not in the store as it was sent. Upload it again.")
                temporary.replace(kept)
            finally:
                temporary.unlink(missing_ok=True)
        return kept

    def _at(self, digest: str, name: str) -> Place:
        if _URL.fullmatch(upload_url(digest, name)) is None:
            raise RequestError(
                "An upload has a SHA-256 of 64 hexadecimal digits, and a name of letters, digits, spaces, '.', '_' and "
                f"'-', but got {digest[:70]!r} and {name[:150]!r}."
            )
        return self._place / digest / name


def names_upload(spec: SearchSpec) -> bool:
    """Whether any of its paths is an upload."""
    paths: list[str] = []

    def note(path: str) -> str:
        paths.append(path)
        return path

    with_paths(spec, note)
    return any(path.startswith(SCHEME) for path in paths)


def localised(spec: SearchSpec, store: Store) -> SearchSpec:
    """The same spec with the uploads in it as files of this machine."""
    uploads = Uploads(store)
    return with_paths(spec, lambda path: str(uploads.fetch(path)) if path.startswith(SCHEME) else path)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "automl" / "uploads"
