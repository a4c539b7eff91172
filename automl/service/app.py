"""The HTTP API, version 1. It keeps no state that the store does not have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI, Request
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response

from automl.execution.jobs import Jobs
from automl.service.access import Routes
from automl.service.audit import Audit
from automl.service.dispatcher import Dispatcher
from automl.service.limits import Limits
from automl.service.planning import Planner
from automl.service.problems import answer, explain_errors
from automl.service.queue import Need
from automl.service.routes import bundles, cluster, searches, submitting, tokens, uploading
from automl.service.tokens import Tokens
from automl.service.wire import API, API_VERSION, OLDEST_CLIENT, VERSION, is_older, own_version
from automl.store import Store

MOST_BYTES = 2**20  # of the body of a request that is no upload
MOST_UPLOAD_BYTES = 50 * 2**30
_UPLOADS = "/v1/uploads/"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def build(
    store: Store,
    jobs: Jobs,
    capacity: Callable[[], Need],
    limits: Limits | None = None,
    allow_code: bool = False,
) -> FastAPI:
    """The service over one store.

    Args:
        jobs: where the drivers of searches run.
        capacity: of the cluster that their workers share, at the moment.
        limits: of each user; the defaults when left out.
        allow_code: whether authors may submit families of their own.
    """
    limits = limits or Limits()
    dispatcher, planner = Dispatcher(store, jobs, capacity, limits.open_searches), Planner()
    app = FastAPI(
        title="automl",
        version=own_version(),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan(dispatcher, planner),
    )
    explain_errors(app)
    audit, known = Audit(store), Tokens(store)
    routes = Routes(known, audit, limits)
    searches.add(routes, store, dispatcher)
    bundles.add(routes, store)
    cluster.add(routes, store, dispatcher, jobs)
    tokens.add(routes, known, audit)
    uploading.add(routes, store, audit, limits.upload_bytes)
    submitting.add(routes, store, dispatcher, planner, capacity, audit, allow_code)

    @routes.router.get("/health")
    def health() -> dict[str, str]:
        """That it is there, for anybody to ask."""
        return {"status": "ok"}

    @routes.add("GET", "/openapi.json", "viewer", include_in_schema=False)
    def document() -> dict[str, object]:
        """The description of every route."""
        return app.openapi()

    app.include_router(routes.router)
    app.state.routes = routes.router.routes  # to be counted by those who check them all
    app.middleware("http")(_careful)
    return app


def _lifespan(
    dispatcher: Dispatcher, planner: Planner
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The dispatcher works, and a process waits to plan, while the service does."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        dispatcher.start()
        planner.start()
        try:
            yield
        finally:
            planner.stop()
            dispatcher.stop()

    return lifespan


async def _careful(request: Request, go_on: RequestResponseEndpoint) -> Response:
    """Refuses bodies that are too large before they are read, and says to browsers what not to do."""
    said = request.headers.get("content-length", "0")
    client = request.headers.get(VERSION, "")
    most = MOST_UPLOAD_BYTES if request.url.path.startswith(_UPLOADS) else MOST_BYTES
    if is_older(client, OLDEST_CLIENT):
        response: Response = answer(
            426,
            f"This service (automl {own_version()}) answers clients from automl {OLDEST_CLIENT} on, and this one is "
            f"{client[:50]!r}. Install a newer one: pip install --upgrade 'automl>={OLDEST_CLIENT}'.",
        )
    elif not said.isdecimal() or len(said) > 18 or int(said) > most:
        response = answer(413, f"A request has at most {most} bytes here, but got {said[:30]}.")
    elif "chunked" in request.headers.get("transfer-encoding", "").lower():
        response = answer(411, "Say how long the request is: Content-Length is missing.")
    else:
        response = await go_on(request)
    for name, value in {**_HEADERS, VERSION: own_version(), API_VERSION: str(API)}.items():
        response.headers.setdefault(name, value)
    return response
