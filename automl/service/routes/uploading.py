"""Uploads: each file once, by its SHA-256."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from automl.errors import StorageError
from automl.service.access import Routes, caller
from automl.service.audit import Audit
from automl.service.limits import UploadBudget
from automl.store import Store
from automl.store.uploads import SCHEME, Uploads


def add(routes: Routes, store: Store, audit: Audit, most_bytes_a_day: int) -> None:
    uploads, budget = Uploads(store), UploadBudget(store, most_bytes_a_day)

    @routes.add("HEAD", "/uploads/{digest}/{name}", "submitter")
    def known(digest: str, name: str) -> None:
        """Whether such a file was uploaded already."""
        if not uploads.has(digest, name):
            raise HTTPException(404, "Nothing was uploaded under that name with that SHA-256.")

    @routes.add("PUT", "/uploads/{digest}/{name}", "submitter", status_code=201)
    async def upload(request: Request, digest: str, name: str) -> dict[str, str]:
        """Takes a file, whose SHA-256 must be `digest`."""
        user, said = caller(request).user, int(request.headers.get("content-length", "0"))
        answer = {"path": f"{SCHEME}{digest}/{name}"}
        if await run_in_threadpool(uploads.has, digest, name):  # refuses names before anything is read
            return answer
        await run_in_threadpool(budget.check, user, said)
        with tempfile.TemporaryDirectory(prefix="automl-upload-") as folder:
            file = Path(folder) / "upload"
            n_bytes = await _receive(request, file)
            if n_bytes != said:
                raise HTTPException(400, f"Of {said} bytes {n_bytes} arrived. Send it again.")
            await run_in_threadpool(uploads.put, digest, name, file)
        await run_in_threadpool(budget.count, user, digest, said)
        await run_in_threadpool(audit.write, "uploaded", caller(request).who, digest=digest, bytes=said)
        return answer


async def _receive(request: Request, file: Path) -> int:
    """Writes the body to a file of this machine; gives its bytes."""
    n_bytes = 0
    try:
        with file.open("wb") as out:
            async for piece in request.stream():
                n_bytes += len(piece)
                await run_in_threadpool(out.write, piece)
    except ClientDisconnect:
        return n_bytes  # nobody is there to hear that it is too little
    except OSError as error:
        raise StorageError(f"The upload could not be kept: {error.strerror}.") from error
    return n_bytes
