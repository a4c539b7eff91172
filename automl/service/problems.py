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

log = logging.getLogger("automl.service")
_STATUS: tuple[tuple[type[AutoMLError], int], ...] = (  # the first that fits
    (NotFoundError, 404),
    (SpecError, 422),
    (RequestError, 400),
    (AlreadyRecorded, 409),
    (UnreachableError, 503),
    (StorageError, 503),
    (AutoMLError, 500),
)


def explain_errors(app: FastAPI) -> None:
    """Lets every error of `app` be answered so."""

    @app.exception_handler(AutoMLError)
    def of_ours(_request: Request, error: AutoMLError) -> JSONResponse:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        return answer(status, str(error), type(error).__name__)

    @app.exception_handler(StarletteHTTPException)
    def of_http(_request: Request, error: HTTPException) -> JSONResponse:
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


def answer(status: int, message: str, kind: str = "error", headers: Any = None) -> JSONResponse:
    """What every refusal looks like."""
    return JSONResponse({"error": {"kind": kind, "message": message}}, status, headers=headers)
