"""Bundles, file by file: whole or by ranges, each with its SHA-256, and never whole in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from automl.bundle_files import MANIFEST
from automl.errors import BundleError
from automl.service.access import Routes
from automl.store import Place, Store

_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")
_KIND = "application/octet-stream"


def add(routes: Routes, store: Store) -> None:
    @routes.add("GET", "/searches/{search_id}/bundle", "viewer")
    def manifest(search_id: str, trial: str = "") -> dict[str, Any]:
        """Which files a bundle has: of the best finalist, or of a trial (``17``) or a refit (``17-0``)."""
        place, _, found = _bundle(store, search_id, trial)
        return {"bundle": str(place).removeprefix(f"{store}/"), "manifest": found}

    @routes.add("GET", "/searches/{search_id}/bundle/{name}", "viewer")
    def file(request: Request, search_id: str, name: str, trial: str = "") -> Response:
        """One file of a bundle."""
        place, listed, found = _bundle(store, search_id, trial)
        if name == MANIFEST:
            return _part(place / MANIFEST, request, len(listed), None)
        entry = found["files"].get(name)
        if entry is None:
            raise HTTPException(404, f"The bundle has no file {name[:100]!r}.")
        return _part(place / name, request, int(entry["bytes"]), entry["sha256"])


def _bundle(store: Store, search_id: str, trial: str) -> tuple[Place, bytes, Mapping[str, Any]]:
    """Its place, and its manifest as it is and as it reads."""
    from automl.store.pulling import bundle_of

    place = bundle_of(store, f"{search_id}/{trial}" if trial else search_id)
    try:
        listed = (place / MANIFEST).read()
    except FileNotFoundError as error:
        raise BundleError(f"The bundle of {search_id} is not there any more.") from error
    try:
        return place, listed, json.loads(listed)
    except ValueError as error:
        raise BundleError(f"The manifest of the bundle of {search_id} is damaged in the store.") from error


def _part(place: Place, request: Request, n_bytes: int, digest: str | None) -> Response:
    """The whole file, or the range that is asked for."""
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": f'attachment; filename="{place.name}"'}
    if digest is not None:
        headers |= {"ETag": f'"{digest}"', "X-SHA256": digest}
    asked = request.headers.get("range")
    first, last, status = 0, n_bytes - 1, 200
    if asked is not None:
        first, last = _range(asked, place.name, n_bytes)
        headers["Content-Range"] = f"bytes {first}-{last}/{n_bytes}"
        status = 206
    headers["Content-Length"] = str(last + 1 - first)
    if not place.exists():
        raise BundleError(f"The file {place.name} of the bundle is not there any more.")
    return StreamingResponse(place.pieces(first, last + 1 - first), status, headers, _KIND)


def _range(asked: str, name: str, n_bytes: int) -> tuple[int, int]:
    """The first and the last byte that are asked for."""
    matched = _RANGE.fullmatch(asked.strip())
    if matched is None or int(matched[1]) >= n_bytes:
        raise HTTPException(
            416,
            f"{name} has {n_bytes} bytes; ask for a range in it.",
            {"Content-Range": f"bytes */{n_bytes}"},
        )
    first, last = int(matched[1]), min(int(matched[2]) if matched[2] else n_bytes - 1, n_bytes - 1)
    if last < first:
        raise HTTPException(416, f"The range ends before it begins: {asked[:50]!r}.")
    return first, last
