"""The gate and the door of the dashboard over one small page and one socket, really listening."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.sync.client import ClientConnection, connect

from dashboard.entrance import Entrance, ticket
from dashboard.sessions import Sessions
from dashboard.web.gate import Gate
from dashboard.web.sign_in import Door


@dataclass
class Clock:
    """A clock that a test moves on."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class House:
    """A server behind the gate.

    Args:
        log: what it said while it ran.
    """

    url: str
    entrance: Entrance
    sessions: Sessions
    clock: Clock
    log: list[str] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", **more: Any) -> httpx.Response:
        """One request of a browser that navigates, from this site where it sends a form."""
        headers = {"Accept": "text/html"} | ({} if method == "GET" else {"Origin": self.url})
        headers |= more.pop("headers", {})
        return httpx.request(method, f"{self.url}{path}", headers=headers, timeout=30, **more)

    def ticket(self, now: float | None = None) -> str:
        return ticket(self.entrance.key, now)

    def cookie(self, answer: httpx.Response) -> dict[str, str]:
        """The cookie that an answer sets, to be sent with the next request."""
        return {"Cookie": f"{self.entrance.cookie}={answer.cookies[self.entrance.cookie]}"}

    def socket(self, **headers: str) -> ClientConnection:
        origin = headers.pop("Origin", self.url)
        url = f"{self.url.replace('http', 'ws')}/_stcore/stream"
        return connect(url, origin=origin or None, additional_headers=headers)  # type: ignore[arg-type]


@contextmanager
def house(entrance: Entrance) -> Iterator[House]:
    clock = Clock()
    sessions = Sessions(clock)
    app = Starlette(
        routes=[
            *Door(entrance, sessions).routes(),
            Route("/_stcore/health", _page),
            WebSocketRoute("/_stcore/stream", _echo),
            Route("/{rest:path}", _page, methods=["GET", "PUT"]),
        ],
        middleware=[Middleware(Gate, entrance=entrance, sessions=sessions)],
    )
    config = uvicorn.Config(app, port=0, log_level="warning", ws="websockets-sansio", forwarded_allow_ips="")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield House(f"http://127.0.0.1:{port}", entrance, sessions, clock)
    server.should_exit = True
    thread.join(10)


async def _page(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"the page {request.url.path}")


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_bytes(await socket.receive_bytes())
    except WebSocketDisconnect:
        pass
