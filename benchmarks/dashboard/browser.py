"""A tab of Chromium that counts what it is sent, and says when something can be seen."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.dashboard.addresses import Action

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SIZE = {"width": 1400, "height": 1000}
PATIENCE_SECONDS = 60.0
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_INSIDE = ("http://127.0.0.1:", "data:", "blob:")
_IDLE = '[data-test-script-state="notRunning"]'


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    path = next((found for found in map(shutil.which, _NAMES) if found), None)
    assert path is not None, "There is no Chromium on this machine: apt-get install chromium"
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=options)
        yield running
        running.close()


@dataclass
class Tab:
    """A tab in a context of its own: nothing that another tab was sent is kept for it.

    Args:
        page: Playwright's.
        received: the bytes of every WebSocket message so far.
        problems: errors of scripts, and requests that left this machine.
    """

    page: Any
    received: int = 0
    problems: list[str] = field(default_factory=list)

    def first_content(self, url: str, shown: str) -> float:
        """Seconds from the beginning of navigation until something can be seen."""
        self.page.goto(url, wait_until="commit")
        self.wait_for(shown)
        return float(self.page.evaluate("performance.now()")) / 1000

    def change(self, act: Action, shown: str) -> float:
        """Seconds from before an action until what it leads to can be seen."""
        before = self.page.evaluate("performance.timeOrigin + performance.now()")
        act(self.page)
        self.wait_for(shown)
        after = self.page.evaluate("performance.timeOrigin + performance.now()")
        return float(after - before) / 1000

    def wait_for(self, shown: str) -> None:
        self.page.locator(shown).first.wait_for(state="visible", timeout=PATIENCE_SECONDS * 1000)

    def settle(self) -> None:
        """Returns when the page's program has run to its end."""
        self.page.wait_for_timeout(300)
        self.page.wait_for_selector(_IDLE, timeout=PATIENCE_SECONDS * 1000)


@contextmanager
def tab(browser: Any, scheme: Scheme = "light") -> Iterator[Tab]:
    context = browser.new_context(viewport=SIZE, color_scheme=scheme)
    opened = Tab(context.new_page())

    def count(frame: str | bytes) -> None:
        opened.received += len(frame)

    opened.page.on("websocket", lambda socket: socket.on("framereceived", count))
    opened.page.on("pageerror", lambda error: opened.problems.append(f"script: {error}"))
    opened.page.on("request", lambda request: _note_if_outside(request.url, opened.problems))
    try:
        yield opened
    finally:
        context.close()


def _note_if_outside(url: str, problems: list[str]) -> None:
    if not url.startswith(_INSIDE):
        problems.append(f"a request left this machine: {url}")
