"""Bundles as the pages read them: what lies in one; nothing of one is run or built."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from automl.bundle_files import CARD, MANIFEST, MODEL, ONNX, PREPROCESSING
from automl.errors import BundleError, NotFoundError
from automl.store import Place, Store
from automl.store.pulling import bundle_of
from dashboard.kept import query
from dashboard.snapshot import Snapshot

MOST_BYTES = 2**24  # of a file that is read to be shown
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_WORK = re.compile(r"/(?:refits|trials)/([0-9]+(?:-[0-9]+)?)/[^/]+/[^/]+$")  # in whose folder a bundle lies
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Listed:
    """What the manifest says of a file."""

    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class Bundle:
    """A bundle in the store.

    Args:
        which: the search and the trial (``17``) or refit (``17-0``) whose it is.
        listed: the manifest, as it is in the store.
    """

    which: str
    place: Place
    listed: bytes
    files: Mapping[str, Listed]

    @property
    def sha256(self) -> str:
        """Of the manifest, which names the hash of every other file."""
        return hashlib.sha256(self.listed).hexdigest()

    @property
    def n_bytes(self) -> int:
        return len(self.listed) + sum(file.n_bytes for file in self.files.values())

    def listed_as(self, name: str) -> Listed:
        """What is known of a file, or of the manifest itself.

        Raises:
            NotFoundError: there is no such file.
        """
        own = Listed(len(self.listed), self.sha256) if name == MANIFEST else self.files.get(name)
        if own is None:
            raise NotFoundError(f"The bundle of {self.which} has no file {name!r:.100}.")
        return own

    @property
    def has_onnx(self) -> bool:
        return ONNX in self.files


def bundle(store: Store, which: str) -> Bundle:
    """The bundle of a search, a trial or a refit; for a search, the one that `automl pull` gives.

    Raises:
        NotFoundError: there is no such search, trial or refit, or its bundle is not kept.
        BundleError: it is not there any more, or its manifest is none.
    """
    return _at(bundle_of(store, which), which)


def shown(snapshot: Snapshot, which: str) -> Bundle:
    """The same, for pages: where it lies is looked up once for each version of the tables.

    Raises:
        NotFoundError, BundleError: as `bundle` does.
    """
    return _at(snapshot.store.place / _below(snapshot, which), which)


@query("scores", "trials")
def _below(snapshot: Snapshot, which: str) -> str:
    """Where the bundle lies below the store."""
    return str(bundle_of(snapshot.store, which)).removeprefix(f"{snapshot.store}/")


def _at(place: Place, which: str) -> Bundle:
    search_id, _, asked = which.partition("/")
    work = _WORK.search(str(place))
    which = f"{search_id}/{work[1] if work else asked}"
    try:
        listed = (place / MANIFEST).read_range(0, MOST_BYTES)
    except FileNotFoundError as error:
        raise BundleError(f"The bundle of {which} is not there any more.") from error
    return Bundle(which, place, listed, _files(listed, which))


def _files(listed: bytes, which: str) -> Mapping[str, Listed]:
    """The files that a manifest names, none of which leaves its folder."""
    try:
        plain = json.loads(listed)["files"]
        files = {name: Listed(entry["bytes"], entry["sha256"]) for name, entry in plain.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(f"The manifest of the bundle of {which} is damaged.") from error
    for name, file in files.items():
        known = isinstance(file.n_bytes, int) and file.n_bytes >= 0 and isinstance(file.sha256, str)
        if not _NAME.fullmatch(name) or not known or not _SHA256.fullmatch(file.sha256):
            raise BundleError(
                f"The manifest of the bundle of {which} is damaged: {name!r:.100} is no file of one."
            )
    return files


def pieces(found: Bundle, name: str) -> Iterator[bytes]:
    """A file of a bundle piece by piece, the last one only once the hash of all agrees with the manifest's.

    Raises:
        NotFoundError: there is no such file.
        BundleError: the hash is another, or the file is not there any more.
    """
    listed = found.listed_as(name)
    digest, held = hashlib.sha256(), b""
    try:
        every = [found.listed] if name == MANIFEST else (found.place / name).pieces(0, listed.n_bytes)
        for piece in every:
            if held:
                yield held
            digest.update(piece)
            held = piece
    except FileNotFoundError as error:
        raise BundleError(f"The bundle of {found.which} lacks its file {name}.") from error
    if digest.hexdigest() != listed.sha256:
        _LOG.error("%s of the bundle %s is not the file that was saved.", name, found.place)
        raise BundleError(f"{name} in the bundle of {found.which} is not the file that was saved.")
    yield held


def content(found: Bundle, name: str) -> bytes:
    """A small file of a bundle, with the hash checked.

    Raises:
        BundleError: it is missing, large, or altered.
    """
    if found.listed_as(name).n_bytes > MOST_BYTES:
        raise BundleError(f"{name} in the bundle of {found.which} is too large to be shown.")
    return b"".join(pieces(found, name))


def plain(found: Bundle, name: str) -> dict[str, Any]:
    """A JSON file of a bundle.

    Raises:
        BundleError: as `content`, or it holds something else.
    """
    try:
        value = json.loads(content(found, name))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{name} in the bundle of {found.which} is not readable JSON.") from error
    if not isinstance(value, dict):
        raise BundleError(f"{name} in the bundle of {found.which} holds no JSON object.")
    return value


def model(found: Bundle) -> dict[str, Any]:
    """What ``model.json`` says: family, configuration, signature, task, details."""
    return plain(found, MODEL)


def preprocessing(found: Bundle) -> dict[str, Any]:
    return plain(found, PREPROCESSING)


def card(found: Bundle) -> str:
    """The model card, in Markdown that somebody else may have written."""
    return content(found, CARD).decode(errors="replace")
