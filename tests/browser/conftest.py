"""A real browser over a real server. Without Chromium these tests are skipped, counted and named."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SKIPPED = "browser tests skipped"
ONE_IN = 7  # of the tests that open every address, in the ordinary run


def chromium() -> str | None:
    """Where Chromium is."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for found in map(shutil.which, names) if found), None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here is of a browser; of those that open all addresses, the ordinary run has a sample."""
    here = Path(__file__).parent
    n_opened = 0
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if "address" in getattr(item, "fixturenames", ()):
                n_opened += 1
                if n_opened % ONE_IN != 0:
                    item.add_marker(pytest.mark.slow)


@dataclass
class Site:
    """The dashboard as it is served over the example store."""

    url: str
    store: Path


@pytest.fixture(scope="session")
def chromium_path() -> str:
    found = chromium()
    if found is not None:
        return found
    reason = f"{SKIPPED}: there is no Chromium on this machine (apt-get install chromium)"
    if os.environ.get("AUTOML_REQUIRE_BROWSER") == "1":
        pytest.fail(f"AUTOML_REQUIRE_BROWSER=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def site(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:  # noqa: ARG001
    import dashboard_store

    from dashboard.server import command, environment, free_port

    store = dashboard_store.example(tmp_path_factory.mktemp("store"))
    port = free_port(None)
    elsewhere = tmp_path_factory.mktemp("elsewhere")  # the settings must be found from any folder
    server = subprocess.Popen(command(port), env=environment(str(store)), cwd=elsewhere)
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health")
        yield Site(f"http://127.0.0.1:{port}", store)
    finally:
        server.terminate()
        server.wait(10)


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the dashboard did not answer at {url}")


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason=f"{SKIPPED}: Playwright is not installed")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path, args=options)
        yield running
        running.close()


@dataclass
class Watched:
    """A tab, and what went wrong in it."""

    page: Any
    problems: list[str]
    received: list[int]

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.settle()

    def settle(self) -> None:
        """Wait until the page's program has run."""
        self.page.wait_for_timeout(300)
        self.page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=60_000)

    def says(self, text: str) -> bool:
        self.page.get_by_text(text).first.wait_for(timeout=30_000)
        return True


@pytest.fixture
def tab(browser: Any, site: Site) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1400, "height": 1100})
    page = context.new_page()
    watched = Watched(page, [], [])
    page.on("pageerror", lambda error: watched.problems.append(f"script: {error}"))
    page.on("request", lambda request: _note_if_outside(request.url, site, watched.problems))

    def watch(socket: Any) -> None:
        socket.on("socketerror", lambda error: watched.problems.append(f"websocket: {error}"))
        socket.on("framereceived", lambda frame: watched.received.append(len(frame)))

    page.on("websocket", watch)
    yield watched
    context.close()
    assert watched.problems == []


def _note_if_outside(url: str, site: Site, problems: list[str]) -> None:
    if not url.startswith((site.url, "data:", "blob:")):
        problems.append(f"a request left this machine: {url}")
