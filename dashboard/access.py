"""Who looks at the pages, and what they may do."""

from __future__ import annotations

import getpass
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import datetime

import streamlit as st
from starlette.requests import Request
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from automl.errors import AutoMLError, RequestError, UnreachableError
from automl.remote import Remote, connected, service_url
from automl.service.roles import Role, allows
from dashboard import signed_cookie
from dashboard.entrance import OPEN, Entrance
from dashboard.sessions import MOST_SESSIONS, Session, Sessions

ASK_SECONDS = 60.0  # between two questions to the service who somebody is
_PATIENCE_SECONDS = 3.0  # with its answer
_SIGNED_OUT = "You are signed out: reload the page to sign in."


@dataclass(frozen=True)
class User:
    """Who is signed in; on one's own machine, whoever started the dashboard.

    Args:
        role: None where nothing is allowed, for the reason of `problem`.
        until: when what they signed in with expires.
        remote: the service, asked as this user; None where none is named.
    """

    name: str
    role: Role | None
    problem: str = ""
    until: datetime | None = None
    remote: Remote | None = field(default=None, repr=False)


@dataclass
class _House:
    """The server's one door, and everybody behind it."""

    entrance: Entrance = OPEN
    sessions: Sessions = field(default_factory=Sessions)


_house = _House()
_known: dict[tuple[str, str, str | None], tuple[float, User]] = {}
_lock = threading.Lock()


def open_for(entrance: Entrance) -> Sessions:
    """Say how one comes in, once, before anybody does; gives where those are kept who have."""
    _house.entrance, _house.sessions = entrance, Sessions()
    return _house.sessions


def entrance() -> Entrance:
    """How one comes in."""
    return _house.entrance


def user() -> User:
    """The user of this session; one without a role where nobody is signed in."""
    way = _house.entrance.sign_in
    if way == "token":
        return _of_session(_house.sessions.find(_cookie()))
    if way == "oidc":
        return delegated(dict(st.user)) if st.user.get("is_logged_in") else User("", None, _SIGNED_OUT)
    if way == "link" and _house.sessions.find(_cookie()) is None:
        return User("", None, _SIGNED_OUT)
    return _owner()


def why_not(needed: Role) -> str | None:
    """Why the user of this session may not do what needs this role; None where they may."""
    one = user()
    if one.role is None:
        return one.problem
    return None if allows(one.role, needed) else f"This takes the role {needed}; yours is {one.role}."


def sign_out() -> None:
    """End this session, and those of the other tabs of this browser."""
    _house.sessions.end(_cookie())


def may_look(request: Request) -> bool:
    """Whether who asks for something beside the pages may have it; the gate has seen to it but for OIDC."""
    if _house.entrance.sign_in != "oidc":
        return True
    return delegated(signed_cookie.claims(request, _house.entrance.public_url)).role is not None


def delegated(claims: dict[str, object]) -> User:
    """Whom an identity provider knows, with the role that the service gives them."""
    name = str(claims.get("email") or "")
    if not name:
        return User(
            "", None, "Your identity provider gave no e-mail address, by which the service knows users."
        )
    if claims.get("email_verified") is False:
        return User(name, None, f"Your identity provider says that nobody has verified the address {name}.")
    own = connected()
    if own is None:
        return User(
            name, None, "This dashboard has no service that would say who may what: AUTOML_URL is not set."
        )
    return _asked(Remote(own.url, own.token, name), User(name, None))


def _of_session(session: Session | None) -> User:
    if session is None or session.token is None:
        return User("", None, _SIGNED_OUT)
    url = service_url()
    remote = None if url is None else Remote(url, session.token)
    return User(session.user, session.role, "", session.until, remote)


def _owner() -> User:
    """Whoever started the dashboard: all is theirs, unless a service says otherwise."""
    name = getpass.getuser()
    try:
        remote = connected()
    except RequestError as error:
        return User(name, "viewer", str(error))
    if remote is None:
        return User(name, "admin")
    return _asked(remote, User(name, "admin", "", None, remote))


def _asked(remote: Remote, otherwise: User) -> User:
    """Whom the service takes somebody for, asked once a minute; `otherwise` where it does not answer."""
    key = (remote.url, remote.token, remote.speaks_for)
    with _lock:
        at, before = _known.get(key, (-ASK_SECONDS, otherwise))
    if time.monotonic() - at < ASK_SECONDS:
        return before
    try:
        said = remote.me(_PATIENCE_SECONDS)
        found = User(said["user"], said["role"], "", datetime.fromisoformat(said["expires_at"]), remote)
    except UnreachableError as error:
        found = replace(before, problem=str(error))
    except AutoMLError as error:
        found = User(otherwise.name, None, str(error))
    with _lock:
        _known[key] = (time.monotonic(), found)
        while len(_known) > MOST_SESSIONS:
            _known.pop(next(iter(_known)))
    return found


def _cookie() -> str:
    """What the browser of this session holds."""
    if get_script_run_ctx() is None:
        return ""
    return str(st.context.cookies.get(_house.entrance.cookie, ""))
