"""The service from the other side: what a laptop asks of it. No torch, no Ray, no keys to a bucket."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, urlparse

import httpx

from automl.bundle_files import MANIFEST, check_whose, sha256_of, to_json, verify
from automl.errors import (
    AutoMLError,
    BundleError,
    DataError,
    NotFoundError,
    RequestError,
    SpecError,
    TokenError,
    UnreachableError,
)
from automl.service.wire import API, KEY, SPEAKS_FOR, UNKNOWN_ROUTE, VERSION, is_older, own_version
from automl.spec import SearchSpec, with_paths

if TYPE_CHECKING:
    import polars as pl

_TIMEOUT = httpx.Timeout(90.0, connect=10.0)  # a service whose store is away says so after a minute
_TRIES = 4  # of one request
_PAUSE_SECONDS = 0.2  # before the second try; twice as long each time
_MOST_WAIT_SECONDS = 10.0  # that a limit of the service is waited for
MOST_PULL_BYTES = 100 * 2**30
_CHUNK_BYTES = 2**18
_KINDS: Mapping[int, type[AutoMLError]] = {
    401: TokenError,
    404: NotFoundError,
    422: SpecError,
    503: UnreachableError,
}


def service_url() -> str | None:
    """The address of the service, from ``AUTOML_URL``; None where that is not set."""
    return os.environ.get("AUTOML_URL") or None


def connected(store: str | Path | None = None) -> Remote | None:
    """The service at ``AUTOML_URL``; None where that is not set, or a store is named instead."""
    url = service_url()
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

    Args:
        speaks_for: the user whom a delegate asks for; None where the token is the user's own.

    Raises:
        RequestError: the URL is none, or would send the token over a network for everybody to read.
    """

    url: str
    token: str
    speaks_for: str | None = None

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

    def me(self, seconds: float = 10.0) -> dict[str, Any]:
        """Whom the service takes one for: ``user``, ``role``, and until when the token is valid, ``expires_at``.

        Raises:
            TokenError: the token is not valid, or not any more.
        """
        found: dict[str, Any] = self._checked(
            self._ask("GET", "me", tries=1, timeout=httpx.Timeout(seconds))
        ).json()
        return found

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

    def submit(self, spec: SearchSpec, with_code: bool = False, key: str | None = None) -> dict[str, Any]:
        """Sends a search with its data, each file once; gives its id and state.

        Args:
            with_code: whether the files of families of one's own are sent as well.
            key: of this submission: where the same comes again, it is answered as before. One is made when left out.

        Raises:
            RequestError: what is wrong with it.
        """
        from automl.store.uploads import upload_url

        if not with_code and any(family.file is not None for family in spec.families):
            raise RequestError(
                "A family of your own is code, which travels only with --with-code, to a service whose admin "
                "allowed it."
            )

        def sent(path: str) -> str:
            if "://" in path:
                return path
            file = Path(path)
            if not os.path.isfile(file):
                raise DataError(
                    f"{path} is no file. A folder is submitted as one archive: pack it with zip, say."
                )
            digest = sha256_of(file)
            self._upload(file, digest)
            return upload_url(digest, file.name)

        plain = with_paths(spec, sent).model_dump(mode="json", exclude_unset=True)
        answer: dict[str, Any] = self._post("searches", {"spec": plain}, seconds=900.0, key=key).json()
        return answer

    def log_names(self, search_id: str) -> list[str]:
        """The logs of a search: of its driver, and of each worker."""
        found: list[str] = self._get(f"searches/{_part(search_id)}/logs", {}).json()
        return found

    def log_part(self, search_id: str, name: str, offset: int) -> bytes:
        """What a log holds from `offset` on."""
        path = f"searches/{_part(search_id)}/logs/{_part(name)}"
        return self._get(path, {"offset": str(offset)}).content

    def status(self, search_id: str) -> dict[str, Any]:
        """How far a search is; see `results.Results.status`."""
        found: dict[str, Any] = self._get(f"searches/{_part(search_id)}/status", {}).json()
        return found

    def attempts(self, search_id: str, work: str) -> list[dict[str, Any]]:
        """How each attempt at a trial or a refit ended."""
        path = f"searches/{_part(search_id)}/attempts/{_part(work)}"
        found: list[dict[str, Any]] = self._get(path, {}).json()
        return found

    def attempt_lines(self, search_id: str, name: str, offset: int, work: str) -> tuple[str, int]:
        """The lines of a trial or a refit in the next part of a log, and where the part after that begins."""
        path = f"searches/{_part(search_id)}/attempts/{_part(work)}/logs/{_part(name)}"
        found = self._get(path, {"offset": str(offset)}).json()
        return found["lines"], int(found["after"])

    def cluster(self, seconds: float | None = None) -> dict[str, Any]:
        """Its machines, what runs on them, and the searches that have workers or wait for some.

        Args:
            seconds: how long an answer is waited for, asked once; as for other questions when left out.
        """
        patience: dict[str, Any] = {} if seconds is None else {"timeout": httpx.Timeout(seconds), "tries": 1}
        found: dict[str, Any] = self._checked(self._ask("GET", "cluster", **patience)).json()
        return found

    def stop(self, search_id: str) -> None:
        """Lets a search write its checkpoints and end."""
        self._post(f"searches/{_part(search_id)}/stop", {})

    def resume(self, search_id: str, budget: Mapping[str, Any]) -> None:
        """Lets a search go on, with other bounds where some are given; ``"+50"`` is added to what there is."""
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
            self._checked(self._ask("PUT", path, content=content, headers=length, timeout=None, tries=1))

    def _post(
        self, path: str, body: Mapping[str, Any], seconds: float = 60.0, key: str | None = None
    ) -> httpx.Response:
        """What is asked for so is done once, however often it is asked for: every try has the same key."""
        timeout = httpx.Timeout(seconds, connect=10.0)
        headers = {KEY: key or secrets.token_hex(16)}
        return self._checked(self._ask("POST", path, json=body, headers=headers, timeout=timeout))

    def pull(self, which: str, destination: Path) -> Path:
        """Brings a model into a new folder; it is there, whole and verified, or not at all."""
        search_id, _, trial = which.partition("/")
        path = f"searches/{_part(search_id)}/bundle"
        found = self._get(path, {"trial": trial or None}).json()
        manifest = found["manifest"]
        _check_sizes(manifest)
        scratch = destination.parent / f".automl-pull-{secrets.token_hex(4)}"
        try:
            scratch.mkdir(parents=True)
            for name, entry in manifest["files"].items():
                self._download(f"{path}/{_part(name)}", trial, scratch / name, entry["bytes"])
            (scratch / MANIFEST).write_bytes(to_json(manifest))
            verify(scratch)
            check_whose(found["bundle"], scratch)
            if destination.exists():
                destination.rmdir()  # it is empty: somebody may have made it meanwhile otherwise
            scratch.rename(destination)
        except OSError as error:
            raise RequestError(f"The model cannot be written to {destination}: {error.strerror}.") from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return destination

    def _download(self, path: str, trial: str, file: Path, n_bytes: int) -> None:
        """A file of so many bytes; where the connection ends in the middle, it goes on from there."""
        n_failures = 0
        with file.open("wb") as out:
            while out.tell() < n_bytes:
                before = out.tell()
                try:
                    self._receive(path, trial, out, n_bytes)
                except httpx.TransportError as error:
                    n_failures = 0 if out.tell() > before else n_failures + 1
                    if n_failures == _TRIES:
                        raise self._silent(error) from error
                    time.sleep(_PAUSE_SECONDS * 2**n_failures)

    def _receive(self, path: str, trial: str, out: IO[bytes], n_bytes: int) -> None:
        """What one answer brings of a file, from where it is on."""
        headers = {**self._headers(), "Accept-Encoding": "identity"}
        if out.tell():
            headers["Range"] = f"bytes={out.tell()}-"
        query = {"trial": trial} if trial else {}
        url = f"{self}/v{API}/{path}"
        with httpx.stream("GET", url, params=query, headers=headers, timeout=_TIMEOUT) as answer:
            if not answer.is_success:
                answer.read()
                self._checked(answer)
            if answer.status_code != 206:  # something on the way does not know of ranges
                out.seek(0)
                out.truncate()
            for piece in answer.iter_raw(_CHUNK_BYTES):
                if out.tell() + len(piece) > n_bytes:
                    raise UnreachableError(f"More than the {n_bytes} bytes of {path} arrived. Pull it again.")
                out.write(piece)
        if out.tell() < n_bytes:
            raise httpx.RemoteProtocolError("the answer ended too early")

    def _table(self, path: str, **query: str | None) -> pl.DataFrame:
        import polars as pl

        return pl.read_parquet(BytesIO(self._get(path, query).content))

    def _get(
        self, path: str, query: Mapping[str, str | None], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """The answer to a question, asked several times where the network fails."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._checked(self._ask("GET", path, params=given, headers=headers or {}))

    def _headers(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}", VERSION: own_version()}
        return (
            headers if self.speaks_for is None else {**headers, SPEAKS_FOR: quote(self.speaks_for, safe="@")}
        )

    def _ask(self, method: str, path: str, tries: int = _TRIES, **more: Any) -> httpx.Response:
        """The answer, asked for again where none comes, or where the service wants a moment."""
        headers = {**self._headers(), **more.pop("headers", {})}
        more.setdefault("timeout", _TIMEOUT)
        last: Exception | None = None
        for n_tried in range(1, tries + 1):
            try:
                answer = httpx.request(method, f"{self}/v{API}/{path}", headers=headers, **more)
            except httpx.TransportError as error:
                last, wait = error, _PAUSE_SECONDS * 2**n_tried
            else:
                wait = _wait(answer)
                if not 0 < wait <= _MOST_WAIT_SECONDS or n_tried == tries:
                    return answer
            if n_tried < tries:
                time.sleep(wait)
        raise self._silent(last) from last

    def _silent(self, error: Exception | None) -> UnreachableError:
        return UnreachableError(
            f"The service at {self} does not answer: {error or 'no reason given'}. Check AUTOML_URL, and that it runs."
        )

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        """The answer, if it is what was asked for."""
        if answer.is_success:
            return answer
        try:
            error = answer.json()["error"]
            kind, message = error["kind"], str(error["message"])
        except (ValueError, KeyError, TypeError):
            raise _kind(answer.status_code)(
                f"What answers at {self} with status {answer.status_code} is not the service, or one that this "
                f"version ({own_version()}) does not understand. Check AUTOML_URL."
            ) from None
        theirs = answer.headers.get(VERSION, "")
        if kind == UNKNOWN_ROUTE:
            older = is_older(theirs, own_version())
            raise RequestError(
                f"The service at {self} is automl {theirs or 'of an unknown version'} and does not know this request "
                f"of automl {own_version()}. Upgrade {'the service' if older else 'automl on this machine'}, or "
                f"install its version here: pip install automl=={theirs}."
            )
        raise _kind(answer.status_code)(message)


def _kind(status: int) -> type[AutoMLError]:
    return _KINDS.get(status, RequestError if status < 500 else AutoMLError)


def _wait(answer: httpx.Response) -> float:
    """Seconds after which the same may be asked again, where a limit is reached; 0 otherwise."""
    said = answer.headers.get("Retry-After", "") if answer.status_code == 429 else ""
    return float(said) if said.isascii() and said.isdecimal() else 0.0


def _check_sizes(manifest: Mapping[str, Any]) -> None:
    """Refuses a bundle that cannot be one before any of it is on the disk."""
    sizes = {name: entry["bytes"] for name, entry in manifest["files"].items()}
    if any(Path(name).name != name or name.startswith(".") for name in sizes):
        raise BundleError("The service names files of the model that are none.")
    if (
        any(not isinstance(size, int) or size < 0 for size in sizes.values())
        or sum(sizes.values()) > MOST_PULL_BYTES
    ):
        raise BundleError(
            f"The model is said to have {sizes} bytes; at most {MOST_PULL_BYTES} in all are pulled."
        )


def _part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
