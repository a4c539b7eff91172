"""Places in an object store: S3 and what speaks its language, Google Cloud Storage, Azure.

A file is one object. `write_once` is one conditional put (``If-None-Match: *``). Its answer may be lost on the
way, and the put have been done: so it is settled by reading the object back.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore import exceptions, store

from automl.errors import AlreadyRecorded, RequestError, StorageError
from automl.store.places.place import Found, Place, WorkFolder

T = TypeVar("T")
# How long the store may not answer before work stops. The library's own retries are within it.
PATIENCE_SECONDS = 60.0
OPENING_SECONDS = 5.0  # the same when a store is opened: nothing has begun yet
_TRY_SECONDS = 15.0
_LOST = (exceptions.GenericError, exceptions.JoinError, exceptions.BaseError, TimeoutError, OSError)
_ABSENT = (FileNotFoundError, exceptions.NotFoundError)
_NO_BUCKET = (
    "NoSuchBucket",
    "ContainerNotFound",
)  # what stores say to a list, which the library knows no name for
_REFUSED = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError, PermissionError)
_TAKEN = (FileExistsError, exceptions.AlreadyExistsError, exceptions.PreconditionError)


def open_bucket(url: str) -> ObjectPlace:
    """The place that a URL such as ``s3://bucket/folder`` names; credentials come from the environment."""
    try:
        opened = store.from_url(
            url,
            client_options={
                "timeout": timedelta(seconds=_TRY_SECONDS),
                "connect_timeout": timedelta(seconds=5),
                # As the libraries that read the tables have it: without TLS only where the machine's owner says so.
                "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true"),
            },
            retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=_TRY_SECONDS)},
        )
    except (exceptions.BaseError, ValueError) as error:
        raise RequestError(
            f"{url} cannot be opened as a store: {_short(error)}. A store in a bucket is named s3://BUCKET/FOLDER "
            "or gs://BUCKET/FOLDER."
        ) from error
    return ObjectPlace(opened, url.rstrip("/"), "")


@dataclass(frozen=True)
class ObjectPlace(Place):
    """The object `key` in a bucket, below the folder that `url` names."""

    bucket: Any
    url: str
    key: str

    @property
    def name(self) -> str:
        return (self.key or self.url).rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.url}/{self.key}" if self.key else self.url

    def __truediv__(self, name: str) -> ObjectPlace:
        return ObjectPlace(self.bucket, self.url, f"{self.key}/{name}" if self.key else name)

    def read(self) -> bytes:
        return self._retried(lambda: bytes(obstore.get(self.bucket, self.key).bytes()))

    def read_range(self, first: int, n_bytes: int) -> bytes:
        def get() -> bytes:
            try:
                return bytes(obstore.get_range(self.bucket, self.key, start=first, length=n_bytes))
            except exceptions.GenericError:
                if obstore.head(self.bucket, self.key)["size"] <= first:
                    return b""  # a range behind the end is an error to the store
                raise

        return self._retried(get) if n_bytes > 0 else b""

    def write_once(self, content: bytes) -> None:
        def put() -> None:
            try:
                obstore.put(self.bucket, self.key, content, mode="create")
            except _TAKEN as error:
                if not self._holds(content):  # else an earlier try arrived, and only its answer was lost
                    raise AlreadyRecorded(f"{self} was written by another first; that one counts.") from error

        self._into_bucket(put)

    def write_content(self, file: Path) -> None:
        self._into_bucket(lambda: obstore.put(self.bucket, self.key, file))

    def _into_bucket(self, attempt: Callable[[], Any], patience: float | None = None) -> Any:
        """As `_retried`, where what may be absent is the bucket alone."""
        try:
            return self._retried(attempt, patience)
        except FileNotFoundError as error:
            raise StorageError(f"There is no bucket for {self}: make it, or correct its name.") from error

    def _holds(self, content: bytes) -> bool:
        try:
            return self.read() == content
        except FileNotFoundError:
            return False

    def write_over(self, content: bytes) -> None:
        self._into_bucket(lambda: obstore.put(self.bucket, self.key, content))

    def exists(self) -> bool:
        return self._head() is not None

    def names(self) -> list[str]:
        return self._names()

    def _names(self, patience: float | None = None) -> list[str]:
        found = self._into_bucket(lambda: obstore.list_with_delimiter(self.bucket, self._prefix()), patience)
        paths = [*found["common_prefixes"], *(one["path"] for one in found["objects"])]
        return [str(path).rstrip("/").rpartition("/")[2] for path in paths]

    def is_folder(self) -> bool:
        return bool(self._names(OPENING_SECONDS))

    def make_folder(self) -> None:
        self._names(OPENING_SECONDS)

    def files(self) -> Iterator[Found]:
        own = self._head() if self.key else None
        if own is not None:
            yield Found("", own["size"], own["last_modified"].timestamp())
        for one in self._below():
            name = str(one["path"])[len(self._prefix() or "") :].lstrip("/")
            yield Found(name, one["size"], one["last_modified"].timestamp())

    def _below(self) -> list[Any]:
        found: list[Any] = self._into_bucket(
            lambda: [one for chunk in obstore.list(self.bucket, self._prefix()) for one in chunk]
        )
        return found

    def _prefix(self) -> str | None:
        return f"{self.key}/" if self.key else None

    def remove(self) -> None:
        paths = [str(one["path"]) for one in self._below()]
        if self.key:
            paths.append(self.key)
        for first in range(0, len(paths), 1000):
            some = paths[first : first + 1000]
            try:
                self._retried(lambda some=some: obstore.delete(self.bucket, some))  # type: ignore[misc]
            except FileNotFoundError:
                continue

    def changed_at(self) -> float | None:
        found = self._head()
        return None if found is None else float(found["last_modified"].timestamp())

    def _head(self) -> Any:
        try:
            return self._retried(lambda: obstore.head(self.bucket, self.key))
        except FileNotFoundError:
            return None

    def work_folder(self) -> WorkFolder:
        return _Mirrored(self)

    @contextmanager
    def fetched(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="automl-fetched-") as name:
            for found in self.files():
                path = Path(name, found.name)
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as out:
                    out.writelines((self / found.name).pieces())
            yield Path(name)

    def on_disk(self) -> None:
        return None

    def _retried(self, attempt: Callable[[], T], patience: float | None = None) -> T:
        """What `attempt` returns; it may run several times.

        Raises:
            FileNotFoundError: there is no such object.
        """
        patience = PATIENCE_SECONDS if patience is None else patience
        pause, until = 0.2, time.monotonic() + patience
        while True:
            try:
                return attempt()
            except _ABSENT as error:
                raise FileNotFoundError(str(self)) from error
            except _REFUSED as error:
                raise self._refused(error) from error
            except _LOST as error:
                if any(name in str(error) for name in _NO_BUCKET):
                    raise FileNotFoundError(str(self)) from error
                if time.monotonic() > until:
                    raise self._silent(error, patience) from error
            time.sleep(random.uniform(0.5, 1) * pause)
            pause = min(2 * pause, 5.0)

    def _refused(self, error: Exception) -> StorageError:
        return StorageError(
            f"The object store refuses access to {self}: {_short(error)}. Check the credentials of this machine, "
            "and that they allow to read, write and list there."
        )

    def _silent(self, error: Exception, patience: float) -> StorageError:
        return StorageError(
            f"The object store did not answer for {patience:.0f} s at {self}: {_short(error)}. Make it reachable "
            "(address, credentials, network), then go on; everything acknowledged so far is kept."
        )


class _Mirrored(WorkFolder):
    """A folder on this machine whose files are put into the bucket at `publish`."""

    def __init__(self, place: ObjectPlace) -> None:
        super().__init__(place, Path(tempfile.mkdtemp(prefix="automl-work-")))
        weakref.finalize(self, shutil.rmtree, self.local, ignore_errors=True)
        self._published: dict[str, tuple[int, int]] = {}

    def publish(self) -> None:
        """Puts what is new in the order in which it was written, then removes what is gone."""
        found = {}
        for path in self.local.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                status = path.stat()
                found[str(path.relative_to(self.local))] = (status.st_mtime_ns, status.st_size)
        for name in sorted(found, key=lambda name: found[name]):
            if self._published.get(name) != found[name]:
                (self.place / name).write_over((self.local / name).read_bytes())
                self._published[name] = found[name]
        for name in set(self._published) - set(found):
            (self.place / name).remove()
            del self._published[name]


def _short(error: Exception) -> str:
    """The first line of what the library says, which may go on for pages."""
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
