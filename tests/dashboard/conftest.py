"""A store with something of everything, and a way to see a page over it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dashboard_store as rows
import pytest


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rows.example(tmp_path_factory.mktemp("many"))


@pytest.fixture
def see(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Opens a page over a store, through the navigation: `see(store, page, **query)`; the first where none is named."""
    pytest.importorskip("streamlit", reason="Streamlit is not installed")
    from dashboard_app import open_page

    def see_page(store: Path, page: str = "", **query: str) -> Any:
        monkeypatch.setenv("AUTOML_STORE", str(store))
        return open_page(page, query)

    return see_page
