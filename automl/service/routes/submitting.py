"""Uploads, and searches that users submit, stop and let go on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from automl.errors import SpecError, StorageError
from automl.resolved import Search
from automl.service.access import Routes, caller
from automl.service.audit import Audit
from automl.service.dispatcher import Dispatcher
from automl.service.planning import plan_apart
from automl.service.queue import Need
from automl.service.roles import allows
from automl.spec import SearchSpec, check_budget, parse_spec, with_paths
from automl.store import Store
from automl.store.uploads import SCHEME, Uploads


class Submission(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    spec: dict[str, Any] = Field(description="as in a spec file; its paths are uploads")


class Budget(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    budget: dict[str, Any] = Field(default_factory=dict, description="bounds that replace those there are")


def add(routes: Routes, store: Store, dispatcher: Dispatcher, capacity: Any, audit: Audit) -> None:
    uploads = Uploads(store)

    @routes.add("HEAD", "/uploads/{digest}/{name}", "submitter")
    def known(digest: str, name: str) -> None:
        """Whether such a file was uploaded already."""
        if not uploads.has(digest, name):
            raise HTTPException(404, "Nothing was uploaded under that name with that SHA-256.")

    @routes.add("PUT", "/uploads/{digest}/{name}", "submitter", status_code=201)
    async def upload(request: Request, digest: str, name: str) -> dict[str, str]:
        """Takes a file, whose SHA-256 must be `digest`."""
        await run_in_threadpool(uploads.has, digest, name)  # refuses names before anything is read
        said = int(request.headers.get("content-length", "0"))
        with tempfile.TemporaryDirectory(prefix="automl-upload-") as folder:
            file = Path(folder) / "upload"
            try:
                with file.open("wb") as out:
                    async for piece in request.stream():
                        out.write(piece)
            except OSError as error:
                raise StorageError(f"The upload could not be kept: {error.strerror}.") from error
            if file.stat().st_size != said:
                raise HTTPException(400, f"Of {said} bytes {file.stat().st_size} arrived. Send it again.")
            await run_in_threadpool(uploads.put, digest, name, file)
        audit.write("uploaded", caller(request).user, digest=digest, bytes=said)
        return {"path": f"{SCHEME}{digest}/{name}"}

    @routes.add("POST", "/searches", "submitter", status_code=202)
    def submitted(request: Request, submission: Submission) -> dict[str, Any]:
        """Accepts a search; the same search again goes on with it."""
        check_travelling(parse_spec(submission.spec))
        there: Need = capacity()
        found = plan_apart(submission.spec, str(store), max(1, int(there.cpus)), int(there.gpus))
        search = Search.from_plain(found["search"])
        state = dispatcher.submit(search, caller(request).user)
        audit.write("submitted", caller(request).user, search_id=search.search_id)
        return {"search_id": search.search_id, "state": state, "notes": found["notes"]}

    @routes.add("POST", "/searches/{search_id}/stop", "submitter")
    def stopped(request: Request, search_id: str) -> dict[str, str]:
        """Lets a search write its checkpoints and end; it can go on later."""
        _own(request, dispatcher, search_id)
        dispatcher.wish(search_id, "stop")
        audit.write("stopped", caller(request).user, search_id=search_id)
        return {"search_id": search_id}

    @routes.add("POST", "/searches/{search_id}/resume", "submitter")
    def resumed(request: Request, search_id: str, more: Budget) -> dict[str, str]:
        """Lets a search go on, with larger bounds where some are given."""
        _own(request, dispatcher, search_id)
        check_budget(more.budget)
        dispatcher.wish(search_id, "run", more.budget)
        audit.write("resumed", caller(request).user, search_id=search_id)
        return {"search_id": search_id}

    @routes.add("GET", "/searches/{search_id}/grant", "viewer")
    def grant(search_id: str) -> dict[str, Any]:
        """What a search has at the moment: whose it is, how many workers, and what it waits for."""
        owner, found = dispatcher.owner(search_id), dispatcher.grant(search_id)
        return {
            "user": owner,
            "workers": 0 if found is None else found.workers,
            "waits_for": None if found is None else found.waits_for,
        }


def check_travelling(spec: SearchSpec) -> None:
    """Refuses what a spec from elsewhere must not name: files and addresses of the service's machine, and code.

    Raises:
        SpecError: with what to do instead.
    """
    if any(family.file is not None or family.weights is not None for family in spec.families):
        raise SpecError(
            "A submitted search carries no code and no starting weights: families are those that the service has. "
            "Ask its admin to install yours."
        )
    if spec.data.openml is not None:
        raise SpecError("The service fetches no data from elsewhere: download them, and submit the file.")

    def check(path: str) -> str:
        if not path.startswith(SCHEME):
            raise SpecError(
                f"The data of a submitted search are uploads ({SCHEME}SHA256/NAME), which `automl submit` sees to, but "
                f"got {path[:200]!r}."
            )
        return path

    with_paths(spec, check)


def _own(request: Request, dispatcher: Dispatcher, search_id: str) -> None:
    """Lets pass whose search it is, and admins."""
    owner, user = dispatcher.owner(search_id), caller(request)
    if owner != user.user and not allows(user.role, "admin"):
        whose = "was not submitted here" if owner is None else f"belongs to {owner}"
        raise HTTPException(403, f"The search {search_id} {whose}; an admin may do this, or its owner.")
