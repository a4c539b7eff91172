"""What stands before every page, file and socket: it lets in who is signed in, and turns others away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from automl.errors import TokenError, UnreachableError
from automl.remote import Remote, service_url
from dashboard.entrance import Entrance
from dashboard.sessions import Session, Sessions
from dashboard.web import door_pages

SIGN_IN = "/sign-in"
HEALTH = "/_stcore/health"
LONGEST = 2000  # characters of an address that one is led on to
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_ASSETS = ("/static/", "/favicon.png", "/manifest.json")  # Streamlit's own, the same for everybody
_SAFE = ("GET", "HEAD", "OPTIONS")
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_HOST = re.compile(r"[a-z0-9.-]{1,253}(:[0-9]{1,5})?|\[::1\](:[0-9]{1,5})?")
_TURNED_AWAY = 1008  # of a socket: against the policy


class Gate:
    """Middleware over HTTP and sockets alike."""

    def __init__(self, app: ASGIApp, entrance: Entrance, sessions: Sessions) -> None:
        self._app = app
        self._entrance = entrance
        self._sessions = sessions
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] == HEALTH:
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        is_page = scope["type"] == "http"
        if is_page:
            send = _with_headers(send, asked.headers.get("host", ""))
        if refusal := self._refusal(asked):
            await _turn_away(PlainTextResponse(refusal, 403), scope, receive, send)
        elif self._is_open(scope):
            await self._app(scope, receive, send)
        else:
            session_id = asked.cookies.get(self._entrance.cookie, "")
            session = self._sessions.find(session_id)
            if session is None:
                await _turn_away(_invitation(asked), scope, receive, send)
                return
            self._check(session_id, session)
            await self._app(scope, receive if is_page else self._watched(session_id, receive, send), send)

    def _is_open(self, scope: Scope) -> bool:
        """Whether one needs no cookie of ours here; with OIDC, the pages themselves ask who it is."""
        path = scope["path"]
        return self._entrance.sign_in in ("none", "oidc") or path == SIGN_IN or path.startswith(_ASSETS)

    def _refusal(self, asked: HTTPConnection) -> str | None:
        """Why a request is not answered whoever makes it: it comes by another name, or from another site's page."""
        host, own = asked.headers.get("host", "").lower(), self._entrance.host
        if not _HOST.fullmatch(host) or _name(host) not in (*LOOPBACK, *([_name(own)] if own else [])):
            return "The dashboard does not answer by this name: open the address that `automl dashboard` printed."
        is_safe = asked.scope["type"] == "http" and asked.scope["method"] in _SAFE
        origin = urlsplit(asked.headers.get("origin", "")).netloc.lower()
        if not is_safe and (not origin or origin not in (host, own)):
            return "This came from a page of another site, which may not ask for it."
        return None

    def _check(self, session_id: str, session: Session) -> None:
        """Ask the service in a moment whether the token is still valid, where that was not asked for long."""
        if self._sessions.is_to_check(session):
            task = asyncio.get_running_loop().create_task(self._ask(session_id, session))
            self._tasks.add(task)  # which keeps it from being forgotten half-way
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, session_id: str, session: Session) -> None:
        try:
            found = await run_in_threadpool(Remote(service_url() or "", session.token or "").me)
        except TokenError:
            self._sessions.end(session_id)
        except UnreachableError:
            return  # the pages work without the service; what they ask of it is refused there
        else:
            session.role = found["role"]

    def _watched(self, session_id: str, receive: Receive, send: Send) -> Receive:
        """What a browser sends over a socket, until it is signed out."""

        async def watched() -> Message:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            session = self._sessions.find(session_id)
            if session is not None:
                self._check(session_id, session)
                return message
            await send({"type": "websocket.close", "code": _TURNED_AWAY})
            return {"type": "websocket.disconnect", "code": _TURNED_AWAY}

        return watched


def safe_next(asked: str) -> str:
    """Where to lead on to: a path of this site, or its first page where it is none.

    >>> safe_next("/search?id=a"), safe_next("//evil.example"), safe_next("https://evil.example")
    ('/search?id=a', '/', '/')
    """
    fits = len(asked) <= LONGEST and _PATH.fullmatch(asked) and not asked.startswith(SIGN_IN)
    return asked if fits else "/"


def _invitation(asked: HTTPConnection) -> Response:
    """What is said to whoever is not signed in."""
    headers = asked.headers
    if asked.scope["type"] != "http" or asked.scope["method"] != "GET":
        return PlainTextResponse("Sign in first.", 401)
    if "text/html" not in headers.get("accept", ""):
        return PlainTextResponse("Sign in first.", 401)
    path = quote(asked.url.path, safe="/%:@!$&'()*+,;=~-._")
    address = safe_next(f"{path}?{asked.url.query}" if asked.url.query else path)
    if headers.get("sec-fetch-site") == "cross-site":
        return door_pages.onwards(address)  # once more from here, with the cookie where there is one
    return RedirectResponse(SIGN_IN if address == "/" else f"{SIGN_IN}?next={quote(address, safe='')}", 303)


def _name(host: str) -> str:
    """
    >>> _name("localhost:8501"), _name("[::1]:8501")
    ('localhost', '[::1]')
    """
    return re.sub(r":[0-9]+$", "", host)


async def _turn_away(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": _TURNED_AWAY})


def _with_headers(send: Send, host: str) -> Send:
    """Adds what browsers must not do with the pages: frame them, or load and send anything elsewhere."""
    here = f"ws://{host} wss://{host}" if _HOST.fullmatch(host.lower()) else ""
    added: MutableMapping[str, Any] = {
        "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
        f"connect-src 'self' data: blob: {here}; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'self'",
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
