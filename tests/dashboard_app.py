"""The whole dashboard under Streamlit's own test driver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

APP = str(Path(__file__).parents[1] / "dashboard" / "web" / "app.py")
_KINDS = ("title", "subheader", "markdown", "text", "caption", "info", "warning", "error", "success", "code")


def open_page(page: str, query: dict[str, str]) -> Any:
    """The app with one of its pages open, after one run, in which nothing was raised."""
    from streamlit.testing.v1 import AppTest
    from streamlit.util import calc_hash

    app = AppTest.from_file(APP, default_timeout=60)
    app._page_hash = calc_hash(page)  # as a browser says it that opens the page's address
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def said(app: Any) -> str:
    """Every sentence of the page."""
    return "\n".join(str(element.value) for kind in _KINDS for element in getattr(app, kind))
