"""Bundles for the browser: one file, or all of them as an archive, streamed from the store with the hash checked.

What was altered is never given whole: the last piece of a file leaves only once the hash of all of it agrees with the
manifest, and otherwise the connection is broken off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from automl.bundle_files import MANIFEST
from automl.errors import AutoMLError, BundleError, NotFoundError
from automl.store import Store
from dashboard.queries.bundles import Bundle, Listed, bundle, pieces
from dashboard.web.archives import archive_bytes, archived

MOST_CHECKED = 1000  # files whose hash is remembered to agree
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_AS_IT_IS = {"Content-Encoding": "identity"}  # not compressed by the server: weights hardly shrink


def address(which: str, name: str | None = None) -> str:
    """Where a file of a bundle is, or all of it, from a page of the dashboard.

    >>> address("houses-0a1b2c3d/17-0"), address("houses-0a1b2c3d/17-0", "model.safetensors")
    ('download/houses-0a1b2c3d/17-0.zip', 'download/houses-0a1b2c3d/17-0/model.safetensors')
    """
    return f"download/{which}.zip" if name is None else f"download/{which}/{name}"


def routes(store_of: Callable[[], Store], may: Callable[[Request], bool]) -> list[Route]:
    """The routes below ``/download``.

    Args:
        store_of: the store to read from.
        may: whether who asks may have it.
    """
    checked: set[tuple[object, ...]] = set()

    def answered(request: Request, give: Callable[[Bundle], Response]) -> Response:
        if not may(request):
            return _said("Sign in to the dashboard to download models.", 403)
        search_id, trial = (request.path_params[name] for name in ("search_id", "trial"))
        try:
            return give(bundle(store_of(), f"{search_id}/{trial}"))
        except NotFoundError as error:
            return _said(str(error), 404)
        except BundleError as error:
            return _said(str(error), 410)
        except AutoMLError as error:
            return _said(str(error), 503)

    def archive(request: Request) -> Response:
        return answered(request, lambda found: _archive(found, request))

    def file(request: Request) -> Response:
        return answered(request, lambda found: _file(found, request, checked))

    path = "/download/{search_id}/{trial}"
    return [Route(f"{path}.zip", archive), Route(f"{path}/{{name}}", file)]


def _said(sentence: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{sentence}\n", status, {**_HEADERS, **(headers or {})})


def _file(found: Bundle, request: Request, checked: set[tuple[object, ...]]) -> Response:
    """One file, or the range of it that is asked for."""
    name = request.path_params["name"]
    listed = found.listed_as(name)
    headers = _headers(name, listed.n_bytes, "application/octet-stream")
    headers |= {"Accept-Ranges": "bytes", "ETag": f'"{listed.sha256}"'}
    part = _part(request, listed)
    if isinstance(part, str):
        return _said(part, 416, {"Content-Range": f"bytes */{listed.n_bytes}"})
    if part is None:
        if request.method == "HEAD":
            return Response(None, 200, headers)
        return _streamed(pieces(found, name), 200, headers)
    first, last = part
    _check_once(found, name, listed, checked)
    headers |= {
        "Content-Range": f"bytes {first}-{last}/{listed.n_bytes}",
        "Content-Length": str(last + 1 - first),
    }
    if request.method == "HEAD":
        return Response(None, 206, headers)
    return _streamed((found.place / name).pieces(first, last + 1 - first), 206, headers)


def _archive(found: Bundle, request: Request) -> Response:
    """Every file of a bundle, and its manifest, stored as they are in one archive."""
    folder = found.which.replace("/", "-")
    headers = _headers(f"{folder}.zip", archive_bytes(found, folder), "application/zip")
    if request.method == "HEAD":
        return Response(None, 200, headers)
    return _streamed(archived(found, folder), 200, headers)


def _headers(name: str, n_bytes: int | None, kind: str) -> dict[str, str]:
    """Names of files and searches are letters, digits, '.', '_' and '-'."""
    length = {} if n_bytes is None else {"Content-Length": str(n_bytes)}
    return {
        **_HEADERS,
        **_AS_IT_IS,
        **length,
        "Content-Type": kind,
        "Content-Disposition": f'attachment; filename="{name}"',
    }


def _streamed(pieces: Iterator[bytes], status: int, headers: dict[str, str]) -> Response:
    """What is wrong with the first piece, which is all of a small file, is said; later the connection breaks."""
    first = next(pieces, b"")
    return StreamingResponse(chain([first], pieces), status, headers)


def _part(request: Request, listed: Listed) -> tuple[int, int] | str | None:
    """The first and the last byte that are asked for; why there are none; or None for the whole file.

    A range that is of another form, or of another content, counts as none (RFC 9110, sections 13.1.5 and 14.2).
    """
    asked, content = request.headers.get("range", ""), request.headers.get("if-range")
    matched = _RANGE.fullmatch(asked.replace(" ", ""))
    if matched is None or matched[0] == "bytes=-" or content not in (None, f'"{listed.sha256}"'):
        return None
    if not matched[1]:
        first, last = max(listed.n_bytes - int(matched[2]), 0), listed.n_bytes - 1
    else:
        first, last = int(matched[1]), min(int(matched[2] or listed.n_bytes - 1), listed.n_bytes - 1)
        if matched[2] and int(matched[2]) < first:
            return None
    return (first, last) if first <= last else f"The file has {listed.n_bytes} bytes; ask for a range in it."


def _check_once(found: Bundle, name: str, listed: Listed, checked: set[tuple[object, ...]]) -> None:
    """Before a part of a file is given, the hash of all of it has to agree; once for each state of the file."""
    place = found.place / name
    key = (str(place), place.changed_at(), listed)
    if name == MANIFEST or key in checked:
        return
    for _ in pieces(found, name):
        pass
    if len(checked) >= MOST_CHECKED:
        checked.clear()
    checked.add(key)
