"""Who somebody is that Streamlit's own sign-in knows, outside of a page.

In a page that is `st.user`. For a download there is no public way, so that the two functions are used here by which
Streamlit reads its signed cookie; where a later version has them no more, nobody is known.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request


def claims(request: Request, public_url: str) -> dict[str, Any]:
    """What the identity provider said of them; empty where they are not signed in."""
    try:
        from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
        from streamlit.web.server.starlette.starlette_websocket import (
            _get_signed_cookie_with_chunks as signed,
        )
    except ImportError:
        return {}
    value = signed(dict(request.cookies), USER_COOKIE_NAME)
    if not value:
        return {}
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    if not isinstance(found, dict) or not found.get("is_logged_in"):
        return {}
    here = {request.headers.get("host", ""), urlsplit(public_url).netloc}
    return found if urlsplit(str(found.get("origin", ""))).netloc in here else {}
