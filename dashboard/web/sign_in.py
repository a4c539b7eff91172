"""Signing in: by a link that works once, or by a token of the service."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from automl.errors import RequestError, TokenError, UnreachableError
from automl.remote import Remote, service_url
from automl.service.limits import Logins
from dashboard.entrance import Entrance, Tickets
from dashboard.sessions import Sessions
from dashboard.web import door_pages, peers
from dashboard.web.gate import SIGN_IN, safe_next

MOST_FAILED = 10  # tries of one address in a minute
MOST_FAILED_IN_ALL = 40  # fewer than the service bears with from one address, which is the dashboard's
FAILED_SECONDS = 1.0  # that a try takes which failed
_MOST_BYTES = 8 * 2**10  # of what the form sends
_ABOUT_LINK = """<p>The link that <code>automl dashboard</code> printed lets one browser in, once, within five minutes.
For another one, press Enter in the terminal where it runs. Open the link, or paste it here to go on to the page that
you asked for.</p>"""
_ABOUT_TOKEN = """<p>Paste your token of the service. The dashboard keeps it in its memory until you sign out, asks the
service as you, and shows it to nobody. An admin makes one with <code>automl token create</code>.</p>"""
_LATE = "This link has expired: it works for five minutes. "
_USED = "This link was used already: it works once. "
_WRONG = "This is not a link of the dashboard that runs here. "
_OTHERS = "This dashboard belongs to another user of this machine."
_ANOTHER = "Press Enter in the terminal where `automl dashboard` runs, and open the new one."
_REASONS = {"late": _LATE, "used": _USED, "wrong": _WRONG}


class Door:
    """Where one signs in."""

    def __init__(self, entrance: Entrance, sessions: Sessions) -> None:
        self._entrance = entrance
        self._sessions = sessions
        self._tickets = Tickets(entrance.key)
        self._tries = Logins(MOST_FAILED)  # of each address
        self._all_tries = Logins(MOST_FAILED_IN_ALL)

    def routes(self) -> Sequence[BaseRoute]:
        return [Route(SIGN_IN, self._shown, methods=["GET"]), Route(SIGN_IN, self._sent, methods=["POST"])]

    async def _shown(self, request: Request) -> Response:
        onwards = safe_next(request.query_params.get("next", "/"))
        if self._entrance.sign_in not in ("link", "token"):
            return door_pages.onwards(onwards)
        shown = request.query_params.get("ticket", "")
        is_in = self._sessions.find(request.cookies.get(self._entrance.cookie, "")) is not None
        if is_in:
            return door_pages.onwards(onwards)
        ahead = request.method != "GET" or "prefetch" in request.headers.get("sec-purpose", "")
        if self._entrance.sign_in != "link" or not shown or ahead:
            return self._form(onwards)
        return await self._with_ticket(request, shown, onwards)

    async def _sent(self, request: Request) -> Response:
        sent = await _fields(request)
        if sent is None:
            return door_pages.problem("Sign in", f"A form has at most {_MOST_BYTES} bytes here.", 413)
        onwards = safe_next(sent.get("next", "/"))
        if self._entrance.sign_in == "link":
            return await self._with_ticket(request, sent.get("link", "").strip(), onwards)
        if self._entrance.sign_in == "token":
            return await self._with_token(request, sent.get("token", "").strip(), onwards)
        return door_pages.onwards(onwards)

    async def _with_ticket(self, request: Request, shown: str, onwards: str) -> Response:
        if not peers.may_be_ours(request.scope):
            return await self._refused(request, onwards, _OTHERS)
        found = self._tickets.take(_ticket_of(shown))  # a good one comes through whatever others try
        if found != "good":
            return await self._refused(request, onwards, _REASONS[found] + _ANOTHER)
        return self._begun(self._sessions.begin(getpass.getuser(), "admin"), onwards)

    async def _with_token(self, request: Request, shown: str, onwards: str) -> Response:
        if wait := self._wait(request, shown):
            return self._too_many(onwards, wait)
        try:
            remote = Remote(service_url() or "", shown)
        except RequestError:
            return await self._refused(request, onwards, "A token is one word of letters, digits and '_'.")
        try:
            found = await run_in_threadpool(remote.me)
        except UnreachableError as error:
            return self._form(onwards, f"{error}", 503)
        except TokenError:
            return await self._refused(
                request, onwards, "The service knows no such token, or it has expired or was revoked."
            )
        except RequestError as error:
            return await self._refused(request, onwards, f"The service says: {error}")
        for tries in (self._tries, self._all_tries):
            tries.valid(shown)
        until = datetime.fromisoformat(found["expires_at"])
        return self._begun(self._sessions.begin(found["user"], found["role"], shown, until), onwards)

    def _begun(self, session_id: str, onwards: str) -> Response:
        answer = door_pages.onwards(onwards)
        answer.set_cookie(
            self._entrance.cookie,
            session_id,
            httponly=True,
            samesite="strict",
            secure=self._entrance.public_url.startswith("https:"),
        )
        return answer

    def _wait(self, request: Request, shown: str) -> float:
        """Seconds until this address may try again; a token that was good before is not held up."""
        return max(self._tries.wait(_address(request), shown), self._all_tries.wait("", shown))

    async def _refused(self, request: Request, onwards: str, problem: str) -> Response:
        if wait := self._wait(request, ""):
            return self._too_many(onwards, wait)
        self._tries.failed(_address(request))
        self._all_tries.failed("")
        await asyncio.sleep(FAILED_SECONDS)
        return self._form(onwards, problem, 403)

    def _too_many(self, onwards: str, wait: float) -> Response:
        answer = self._form(onwards, "That failed too often. Try again in a minute.", 429)
        answer.headers["Retry-After"] = str(max(1, round(wait)))
        return answer

    def _form(self, onwards: str, problem: str = "", status: int = 200) -> HTMLResponse:
        if self._entrance.sign_in == "link":
            return door_pages.form(_ABOUT_LINK, "link", "Link", "text", onwards, problem, status)
        return door_pages.form(_ABOUT_TOKEN, "token", "Token", "password", onwards, problem, status)


async def _fields(request: Request) -> dict[str, str] | None:
    """What a form sent, each name once; None where it is too much."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return None
    fields = parse_qs(body.decode("latin-1"), max_num_fields=10) if body.count(b"&") < 10 else {}
    return {name: values[0] for name, values in fields.items()}


def _ticket_of(shown: str) -> str:
    """The ticket in a link, or what was given where it is none.

    >>> _ticket_of("http://127.0.0.1:8501/sign-in?ticket=1.a.b"), _ticket_of("1.a.b")
    ('1.a.b', '1.a.b')
    """
    try:
        return parse_qs(urlsplit(shown).query).get("ticket", [shown])[0]
    except ValueError:
        return shown


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
