"""Who may call what: every route names the role that it needs, in the one place where it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request

from automl.service.audit import Audit
from automl.service.roles import Role, allows
from automl.service.tokens import Token, Tokens

ROLE = "x-role"  # under this name the OpenAPI document says which role a route needs
PUBLIC = ("/v1/health",)


class Routes:
    """Makes routes that ask for a token. A route without a role cannot be made here."""

    def __init__(self, tokens: Tokens, audit: Audit) -> None:
        self.router = APIRouter(prefix="/v1")
        self._tokens = tokens
        self._audit = audit

    def add(self, method: str, path: str, role: Role, **more: Any) -> Callable[[Any], Any]:
        """A decorator: the function below answers `method` on `path` to users who have `role`."""
        guard = Depends(self._guard(role))
        return self.router.api_route(
            path, methods=[method], dependencies=[guard], openapi_extra={ROLE: role}, **more
        )

    def _guard(self, needed: Role) -> Callable[[Request], None]:
        def guard(request: Request) -> None:
            token = self._of(request)
            if token is None:
                raise HTTPException(
                    401,
                    "This needs a token that is valid: send it as `Authorization: Bearer TOKEN`, or set AUTOML_TOKEN. "
                    "An admin makes one with `automl token create`.",
                    {"WWW-Authenticate": "Bearer"},
                )
            request.state.token = token
            if not allows(token.role, needed):
                self._audit.write("refused", token.user, method=request.method, path=request.url.path[:500])
                raise HTTPException(
                    403,
                    f"This needs the role {needed}, and the token of {token.user} has the role {token.role}.",
                )

        return guard

    def _of(self, request: Request) -> Token | None:
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        return self._tokens.find(shown.strip()) if scheme.lower() == "bearer" else None


def caller(request: Request) -> Token:
    """Whose request it is; the guard of its route has seen to it that there is somebody."""
    token: Token = request.state.token
    return token
