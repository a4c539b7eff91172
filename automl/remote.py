"""The service from the other side: what a laptop asks of it. No torch, no Ray, no keys to a bucket."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlparse

import httpx

from automl.bundle_files import MANIFEST, sha256_of, to_json, verify
from automl.errors import (
    AutoMLError,
    DataError,
    NotFoundError,
    RequestError,
    SpecError,
    UnreachableError,
)
from automl.spec import SearchSpec, with_paths

if TYPE_CHECKING:
    import polars as pl

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_TRIES = 4  # of one request that has no effect
_KINDS: Mapping[int, type[AutoMLError]] = {404: NotFoundError, 422: SpecError, 503: UnreachableError}


def connected(store: str | Path | None = None) -> Remote | None:
    """The service at ``AUTOML_URL``; None where that is not set, or a store is named instead."""
    url = os.environ.get("AUTOML_URL")
    if store is not None or not url:
        return None
    token = os.environ.get("AUTOML_TOKEN", "")
    if not token:
        raise RequestError(
            f"AUTOML_URL names the service {url}, which wants a token: set AUTOML_TOKEN, or name a store with --store."
        )
    return Remote(url, token)


@dataclass(frozen=True, repr=False)
class Remote:
    """A service and the token to use it with.

    Raises:
        RequestError: the URL is none, or would send the token over a network for everybody to read.
    """

    url: str
    token: str

    def __post_init__(self) -> None:
        parsed = urlparse(self.url)
        if parsed.scheme not in ("http", "https") or not parsed.hostname:
            raise RequestError(f"AUTOML_URL must be like https://head:8700, but is {self.url!r}.")
        if not re.fullmatch(r"[A-Za-z0-9_.~+/=-]{1,500}", self.token):
            raise RequestError("AUTOML_TOKEN is no token: it is one word of letters, digits and '_'.")
        if parsed.scheme == "http" and not _is_loopback(parsed.hostname):
            raise RequestError(
                f"{self.url} is not encrypted, and everybody on the way could read the token. Use https://, or "
                "a tunnel to this machine (ssh -L 8700:localhost:8700 head)."
            )

    def __str__(self) -> str:
        return self.url.rstrip("/")

    def searches(self, search_id: str | None = None) -> pl.DataFrame:
        """One row a search, the latest first; or the one of that id."""
        return self._table("searches", search_id=search_id)

    def trials(self, search_id: str) -> pl.DataFrame:
        """Every trial of a search, best first."""
        return self._table(f"searches/{_part(search_id)}/trials")

    def leaderboard(
        self, search_id: str | None = None, *, dataset: str | None = None, metric: str | None = None
    ) -> pl.DataFrame:
        """Finalists and baselines on the test rows, ranked."""
        return self._table("leaderboard", search_id=search_id, dataset=dataset, metric=metric)

    def submit(self, spec: SearchSpec) -> dict[str, Any]:
        """Sends a search with its data, each file once; gives its id and state.

        Raises:
            RequestError: what is wrong with it.
        """
        from automl.store.uploads import upload_url

        def sent(path: str) -> str:
            if "://" in path:
                return path
            file = Path(path)
            if not file.is_file():
                raise DataError(
                    f"{path} is no file. A folder is submitted as one archive: pack it with zip, say."
                )
            digest = sha256_of(file)
            self._upload(file, digest)
            return upload_url(digest, file.name)

        plain = with_paths(spec, sent).model_dump(mode="json", exclude_unset=True)
        answer: dict[str, Any] = self._post("searches", {"spec": plain}, seconds=900.0).json()
        return answer

    def log_names(self, search_id: str) -> list[str]:
        """The logs of a search: of its driver, and of each worker."""
        found: list[str] = self._get(f"searches/{_part(search_id)}/logs", {}).json()
        return found

    def log_part(self, search_id: str, name: str, offset: int) -> bytes:
        """What a log holds from `offset` on."""
        path = f"searches/{_part(search_id)}/logs/{_part(name)}"
        return self._get(path, {"offset": str(offset)}).content

    def stop(self, search_id: str) -> None:
        """Lets a search write its checkpoints and end."""
        self._post(f"searches/{_part(search_id)}/stop", {})

    def resume(self, search_id: str, budget: Mapping[str, Any]) -> None:
        """Lets a search go on, with other bounds where some are given."""
        self._post(f"searches/{_part(search_id)}/resume", {"budget": dict(budget)})

    def grant(self, search_id: str) -> dict[str, Any]:
        """What a search has at the moment: ``user``, ``workers``, ``waits_for``."""
        found: dict[str, Any] = self._get(f"searches/{_part(search_id)}/grant", {}).json()
        return found

    def _upload(self, file: Path, digest: str) -> None:
        path = f"uploads/{digest}/{_part(file.name)}"
        if self._ask("HEAD", path).status_code == 200:
            return
        with file.open("rb") as content:
            length = {"Content-Length": str(file.stat().st_size)}
            _checked(self._ask("PUT", path, content=content, headers=length, timeout=None, tries=1))

    def _post(self, path: str, body: Mapping[str, Any], seconds: float = 60.0) -> httpx.Response:
        """What is asked for so is done once, however often it is asked for."""
        return _checked(self._ask("POST", path, json=body, timeout=httpx.Timeout(seconds, connect=10.0)))

    def pull(self, which: str, destination: Path) -> Path:
        """Brings a model into a new folder; it is there, whole and verified, or not at all."""
        search_id, _, trial = which.partition("/")
        path = f"searches/{_part(search_id)}/bundle"
        manifest = self._get(path, {"trial": trial or None}).json()["manifest"]
        scratch = destination.parent / f".automl-pull-{secrets.token_hex(4)}"
        try:
            scratch.mkdir(parents=True)
            for name, entry in manifest["files"].items():
                self._download(f"{path}/{_part(name)}", trial, scratch / Path(name).name, entry)
            (scratch / MANIFEST).write_bytes(to_json(manifest))
            verify(scratch)
            if destination.exists():
                destination.rmdir()  # it is empty: somebody may have made it meanwhile otherwise
            scratch.rename(destination)
        except OSError as error:
            raise RequestError(f"The model cannot be written to {destination}: {error.strerror}.") from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return destination

    def _download(self, path: str, trial: str, file: Path, entry: Mapping[str, Any]) -> None:
        """A file of so many bytes; where the connection ends in the middle, it goes on from there."""
        size = int(entry["bytes"])
        digest = hashlib.sha256()
        with file.open("wb") as out:
            for _ in range(_TRIES):
                range_of = {"Range": f"bytes={out.tell()}-"} if out.tell() else {}
                answer = self._get(path, {"trial": trial or None}, range_of)
                out.write(answer.content)
                digest.update(answer.content)
                if out.tell() >= size:
                    break
        if digest.hexdigest() != entry["sha256"]:
            raise UnreachableError(
                f"{file.name} did not arrive as it was sent: its SHA-256 differs. Pull it again."
            )

    def _table(self, path: str, **query: str | None) -> pl.DataFrame:
        import polars as pl

        return pl.read_parquet(BytesIO(self._get(path, query).content))

    def _get(
        self, path: str, query: Mapping[str, str | None], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """The answer to a question, asked several times where the network fails."""
        given = {name: value for name, value in query.items() if value is not None}
        return _checked(self._ask("GET", path, params=given, headers=headers or {}))

    def _ask(self, method: str, path: str, tries: int = _TRIES, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        more.setdefault("timeout", _TIMEOUT)
        last: Exception | None = None
        for _ in range(tries):
            try:
                return httpx.request(
                    method, f"{self}/v1/{path}", headers=headers, follow_redirects=False, **more
                )
            except httpx.TransportError as error:
                last = error
        raise UnreachableError(f"The service at {self} does not answer: {last}. Check AUTOML_URL.") from last


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        message = str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = (
            f"The service answered with status {answer.status_code}, which this version does not understand."
        )
    raise _KINDS.get(answer.status_code, RequestError if answer.status_code < 500 else AutoMLError)(message)


def _part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
