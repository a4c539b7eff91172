"""Who may call what: every route names the role that it needs, in the one place where it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn
from urllib.parse import unquote

from fastapi import APIRouter, Depends, HTTPException, Request

from automl.service.audit import Audit
from automl.service.limits import Limits, Logins, Pace, TooMuch
from automl.service.roles import Role, allows
from automl.service.tokens import Token, Tokens
from automl.service.wire import API, SPEAKS_FOR

ROLE = "x-role"  # under this name the OpenAPI document says which role a route needs
PUBLIC = ("/v1/health",)


class Routes:
    """Makes routes that ask for a token. A route without a role cannot be made here."""

    def __init__(self, tokens: Tokens, audit: Audit, limits: Limits) -> None:
        self.router = APIRouter(prefix=f"/v{API}")
        self._tokens = tokens
        self._audit = audit
        self._requests = Pace(limits.requests)
        self._logins = Logins(limits.failed_logins)

    def add(
        self, method: str, path: str, role: Role, *, in_person: bool = False, **more: Any
    ) -> Callable[[Any], Any]:
        """A decorator: the function below answers `method` on `path` to users who have `role`.

        Args:
            in_person: whether it takes a token of the user's own, and no delegate's.
        """
        guard = Depends(self._guard(role, in_person))
        return self.router.api_route(
            path, methods=[method], dependencies=[guard], openapi_extra={ROLE: role}, **more
        )

    def _guard(self, needed: Role, in_person: bool) -> Callable[[Request], None]:
        def guard(request: Request) -> None:
            shown, address = _shown(request), request.client.host if request.client else ""
            if wait := self._logins.wait(address, shown):
                raise TooMuch(
                    "Too many tokens from this address were not valid. Try again in a minute.", wait
                )
            token = self._tokens.find(shown)
            if token is None:
                self._logins.failed(address)
                raise HTTPException(
                    401,
                    "This needs a token that is valid: send it as `Authorization: Bearer TOKEN`, or set AUTOML_TOKEN. "
                    "An admin makes one with `automl token create`.",
                    {"WWW-Authenticate": "Bearer"},
                )
            self._logins.valid(shown)
            if wait := self._requests.take(token.id):
                raise TooMuch("This token has asked too often. Try again a little later.", wait)
            if token.role == "delegate" and SPEAKS_FOR in request.headers:
                token = self._spoken_for(token, unquote(request.headers[SPEAKS_FOR]), request)
            request.state.token = token
            if token.via is not None and in_person:
                self._refuse(request, token, "This takes a token of the user's own, not a delegate's.")
            if not allows(token.role, needed):
                why = (
                    f"This needs the role {needed}, and the token of {token.user} has the role {token.role}."
                )
                self._refuse(request, token, why)

        return guard

    def _spoken_for(self, delegate: Token, user: str, request: Request) -> Token:
        """The user's own token, which says what they may do, with the delegate's name on it."""
        own = self._tokens.of_user(user)
        if own is None:
            why = f"{user[:100]!r} has no valid token here, which would say what they may do."
            self._refuse(request, delegate, f"{why} An admin makes one with `automl token create`.")
        return replace(own, via=delegate.user)

    def _refuse(self, request: Request, token: Token, why: str) -> NoReturn:
        self._audit.write("refused", token.who, method=request.method, path=request.url.path[:500])
        raise HTTPException(403, why)


def _shown(request: Request) -> str:
    """The token that a request shows; empty where there is none."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    return shown.strip() if scheme.lower() == "bearer" else ""


def caller(request: Request) -> Token:
    """Whose request it is; the guard of its route has seen to it that there is somebody."""
    token: Token = request.state.token
    return token
