"""How an error becomes an answer: one status and one paragraph, and never a traceback."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from automl.errors import (
    AlreadyRecorded,
    AutoMLError,
    NotFoundError,
    RequestError,
    SpecError,
    StorageError,
    UnreachableError,
)
from automl.service.limits import TooMuch
from automl.service.wire import API, UNKNOWN_ROUTE, own_version

log = logging.getLogger("automl.service")
_STATUS: tuple[tuple[type[AutoMLError], int], ...] = (  # the first that fits
    (NotFoundError, 404),
    (TooMuch, 429),
    (SpecError, 422),
    (RequestError, 400),
    (AlreadyRecorded, 409),
    (UnreachableError, 503),
    (StorageError, 503),
    (AutoMLError, 500),
)
AWAY_SECONDS = 30  # after which a store that is away may be asked for again


def explain_errors(app: FastAPI) -> None:
    """Lets every error of `app` be answered so."""

    @app.exception_handler(AutoMLError)
    def of_ours(_request: Request, error: AutoMLError) -> JSONResponse:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        headers = {}
        if isinstance(error, TooMuch):
            headers["Retry-After"] = str(error.retry_seconds)
        elif status == 503:
            headers["Retry-After"] = str(AWAY_SECONDS)
        return answer(status, str(error), type(error).__name__, headers)

    @app.exception_handler(StarletteHTTPException)
    def of_http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 405 or (error.status_code == 404 and request.scope.get("route") is None):
            return _unknown_route(request, error)
        return answer(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def of_validation(_request: Request, error: RequestValidationError) -> JSONResponse:
        said = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
        return answer(422, f"The request is not as the API wants it: {'; '.join(said)[:2000]}.")

    @app.exception_handler(Exception)
    def of_a_mistake(_request: Request, error: Exception) -> JSONResponse:
        log.exception("a request failed", exc_info=error)
        return answer(
            500, "Something that should not happen did; the service's log says what. Please report it."
        )


def _unknown_route(request: Request, error: HTTPException) -> JSONResponse:
    """What a client of another version may ask for."""
    message = (
        f"This service (automl {own_version()}) has version {API} of the API, under /v{API}/, and nothing at "
        f"{request.method} {request.url.path[:200]!r}. Client and service may be of different versions."
    )
    return answer(error.status_code, message, UNKNOWN_ROUTE, error.headers)


def answer(status: int, message: str, kind: str = "error", headers: Any = None) -> JSONResponse:
    """What every refusal looks like."""
    return JSONResponse({"error": {"kind": kind, "message": message}}, status, headers=headers)
