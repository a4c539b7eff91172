"""Bundles, file by file: whole or by ranges, each with its SHA-256."""

from __future__ import annotations

import json
import re
from typing import Any

from fastapi import HTTPException, Request, Response

from automl.bundle_files import MANIFEST
from automl.errors import BundleError
from automl.service.access import Routes
from automl.store import Place, Store

_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")


def add(routes: Routes, store: Store) -> None:
    @routes.add("GET", "/searches/{search_id}/bundle", "viewer")
    def manifest(search_id: str, trial: str = "") -> dict[str, Any]:
        """Which files a bundle has: of the best finalist, or of a trial (``17``) or a refit (``17-0``)."""
        place, found = _bundle(store, search_id, trial)
        return {"bundle": str(place).removeprefix(f"{store}/"), "manifest": found}

    @routes.add("GET", "/searches/{search_id}/bundle/{name}", "viewer")
    def file(request: Request, search_id: str, name: str, trial: str = "") -> Response:
        """One file of a bundle."""
        place, found = _bundle(store, search_id, trial)
        if name == MANIFEST:
            content = (place / MANIFEST).read()
            return _part(content, request, name, None)
        entry = found["files"].get(name)
        if entry is None:
            raise HTTPException(404, f"The bundle has no file {name[:100]!r}.")
        return _part((place / name).read(), request, name, entry["sha256"])


def _bundle(store: Store, search_id: str, trial: str) -> tuple[Place, dict[str, Any]]:
    from automl.store.pulling import bundle_of

    place = bundle_of(store, f"{search_id}/{trial}" if trial else search_id)
    try:
        return place, json.loads((place / MANIFEST).read())
    except FileNotFoundError as error:
        raise BundleError(f"The bundle of {search_id} is not there any more.") from error


def _part(content: bytes, request: Request, name: str, digest: str | None) -> Response:
    """The whole file, or the range that is asked for."""
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    if digest is not None:
        headers |= {"ETag": f'"{digest}"', "X-SHA256": digest}
    asked = request.headers.get("range")
    if asked is None:
        return Response(content, media_type="application/octet-stream", headers=headers)
    matched = _RANGE.fullmatch(asked.strip())
    first = int(matched[1]) if matched else 0
    if matched is None or first >= len(content):
        headers["Content-Range"] = f"bytes */{len(content)}"
        raise HTTPException(416, f"{name} has {len(content)} bytes; ask for a range in it.", headers)
    last = min(int(matched[2]) if matched[2] else len(content) - 1, len(content) - 1)
    if last < first:
        raise HTTPException(416, f"The range ends before it begins: {asked[:50]!r}.", headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(content[first : last + 1], 206, headers, "application/octet-stream")
