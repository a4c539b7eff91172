"""The HTTP API, version 1. It keeps no state that the store does not have."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI, Request
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response

from automl.service.access import Routes
from automl.service.audit import Audit
from automl.service.problems import answer, explain_errors
from automl.service.routes import bundles, searches, tokens
from automl.service.tokens import Tokens
from automl.store import Store

MOST_BYTES = 2**20  # of the body of a request that is no upload
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def build(store: Store) -> FastAPI:
    """The service over one store."""
    app = FastAPI(title="automl", version=version("automl"), docs_url=None, redoc_url=None, openapi_url=None)
    explain_errors(app)
    audit, known = Audit(store), Tokens(store)
    routes = Routes(known, audit)
    searches.add(routes, store)
    bundles.add(routes, store)
    tokens.add(routes, known, audit)

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


async def _careful(request: Request, go_on: RequestResponseEndpoint) -> Response:
    """Refuses bodies that are too large before they are read, and says to browsers what not to do."""
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > MOST_BYTES:
        response: Response = answer(
            413, f"A request has at most {MOST_BYTES} bytes here, but got {said[:30]}."
        )
    elif "chunked" in request.headers.get("transfer-encoding", "").lower():
        response = answer(411, "Say how long the request is: Content-Length is missing.")
    else:
        response = await go_on(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
