"""Searches that users submit, stop and let go on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from automl.errors import SpecError
from automl.resolved import Search
from automl.service.access import Routes, caller
from automl.service.audit import Audit
from automl.service.dispatcher import Dispatcher
from automl.service.keys import Keys, check_key
from automl.service.planning import Planner
from automl.service.queue import Need
from automl.service.roles import Role, allows
from automl.service.wire import KEY
from automl.spec import SearchSpec, parse_spec, with_paths
from automl.store import Store
from automl.store.uploads import SCHEME, localised

IdempotencyKey = Annotated[
    str | None,
    Header(alias=KEY, description="of the client's own making; the same again is the same request"),
]


class Submission(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    spec: dict[str, Any] = Field(description="as in a spec file; its paths are uploads")


class Budget(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    budget: dict[str, Any] = Field(
        default_factory=dict,
        description="bounds that replace those there are, or with a plus are added to them: +50, +30m",
    )


def add(
    routes: Routes,
    store: Store,
    dispatcher: Dispatcher,
    planner: Planner,
    capacity: Any,
    audit: Audit,
    allow_code: bool,
) -> None:
    keys = Keys(store)

    @routes.add("POST", "/searches", "submitter", status_code=202)
    async def submitted(
        request: Request, submission: Submission, key: IdempotencyKey = None
    ) -> dict[str, Any]:
        """Accepts a search; the same search again goes on with it."""
        spec, user = parse_spec(submission.spec), caller(request)
        check_travelling(spec, _why_no_code(user.role, allow_code))

        def accept() -> dict[str, Any]:
            localised(spec, store)  # onto this machine, where planning may write nothing
            there: Need = capacity()
            found = planner.plan(submission.spec, str(store), max(1, int(there.cpus)), int(there.gpus))
            search = Search.from_plain(found["search"])
            state = dispatcher.submit(search, user.user)
            code = [family.file_hash for family in search.families if family.file is not None]
            audit.write("submitted", user.who, search_id=search.search_id, **({"code": code} if code else {}))
            return {"search_id": search.search_id, "state": state, "notes": found["notes"]}

        return await keys.once(user.user, key, submission.spec, lambda: run_in_threadpool(accept))

    @routes.add("POST", "/searches/{search_id}/stop", "submitter")
    def stopped(request: Request, search_id: str) -> dict[str, str]:
        """Lets a search write its checkpoints and end; it can go on later."""
        _own(request, dispatcher, search_id)
        dispatcher.wish(search_id, "stop")
        audit.write("stopped", caller(request).who, search_id=search_id)
        return {"search_id": search_id}

    @routes.add("POST", "/searches/{search_id}/resume", "submitter")
    def resumed(request: Request, search_id: str, more: Budget, key: IdempotencyKey = None) -> dict[str, str]:
        """Lets a search go on, with larger bounds where some are given."""
        _own(request, dispatcher, search_id)
        if key is not None:
            check_key(key)
        dispatcher.wish(search_id, "run", more.budget, key)
        audit.write("resumed", caller(request).who, search_id=search_id)
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


def check_travelling(spec: SearchSpec, why_no_code: str | None = None) -> None:
    """Refuses what a spec from elsewhere must not name: files and addresses of the service's machine, and code.

    Args:
        why_no_code: why families of a user's own are refused; None where they are not.

    Raises:
        SpecError: with what to do instead.
    """
    if why_no_code is not None and any(family.file is not None for family in spec.families):
        raise SpecError(
            f"A submitted search carries no code: families are those that the service has. {why_no_code}"
        )
    if any(family.weights is not None for family in spec.families):
        raise SpecError(
            "A submitted search carries no starting weights. Ask the admin of the service to install them."
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


def _why_no_code(role: Role, allowed: bool) -> str | None:
    """Why a user may not submit families of their own; None where they may."""
    if not allowed:
        return "Ask its admin to install yours, or to start the service with --allow-code."
    if not allows(role, "author"):
        return f"One of your own takes a token of the role author, and yours has the role {role}."
    return None


def _own(request: Request, dispatcher: Dispatcher, search_id: str) -> None:
    """Lets pass whose search it is, and admins."""
    owner, user = dispatcher.owner(search_id), caller(request)
    if owner != user.user and not allows(user.role, "admin"):
        whose = "was not submitted here" if owner is None else f"belongs to {owner}"
        raise HTTPException(403, f"The search {search_id} {whose}; an admin may do this, or its owner.")
