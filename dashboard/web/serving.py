"""What `streamlit run` serves: the pages behind the gate, with the door and the downloads beside them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from automl.store import open_store
from dashboard import access, own_service
from dashboard.entrance import taken_from_environment
from dashboard.web.gate import Gate
from dashboard.web.sign_in import Door

UNEXPECTED = "unexpected"  # the key of what stands there instead of a page that broke
_LOG = logging.getLogger("dashboard")


class _Downloads:
    """The routes below ``/download``, which use what Streamlit keeps: that is there once it runs."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._router(scope, receive, send)

    @cached_property
    def _router(self) -> Router:
        from dashboard.web import downloads

        return Router(downloads.routes(open_store, access.may_look))


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await run_in_threadpool(own_service.stop_all)


def _unexpected(error: Exception) -> bool:
    """Says that a page broke, in our own words; the output of the server has the details."""
    number = secrets.token_hex(4)
    _LOG.error("Error %s: a page broke.", number, exc_info=error)
    with st.container(key=UNEXPECTED):
        st.error("**This page has a mistake**", icon=":material/error:")
        st.text(
            "It is not your doing, and nothing was changed. Other pages may work. The output of `automl dashboard` "
            f"has the details under the number {number}; please report them."
        )
    return True


entrance = taken_from_environment()
sessions = access.open_for(entrance)
app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[*Door(entrance, sessions).routes(), Route("/download/{rest:path}", _Downloads())],
    middleware=[Middleware(Gate, entrance=entrance, sessions=sessions)],
    lifespan=_lifespan,
    on_script_error=_unexpected,
)
