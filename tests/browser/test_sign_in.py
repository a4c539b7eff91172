"""Signing in as a browser does it: cookies, links from elsewhere, and two users at once."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dashboard_store
import pytest
from service.conftest import serving

from automl.service.serve import configuration
from automl.service.tokens import Tokens
from automl.store import open_store
from dashboard.entrance import Entrance, ticket
from dashboard.server import command, environment, free_port

HOUSES = "houses-0a1b2c3d"


def served(store: Path, entrance: Entrance) -> subprocess.Popen[bytes]:
    """The dashboard as `automl dashboard` starts it, which is there."""
    server = subprocess.Popen(command(entrance.port), env=environment(str(store), entrance))
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{entrance.port}/_stcore/health", timeout=2)
        except OSError:
            time.sleep(0.1)
        else:
            return server
    server.kill()
    raise AssertionError("the dashboard did not answer")


def settled(page: Any) -> None:
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=60_000)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, chromium_path: str) -> Path:  # noqa: ARG001
    return dashboard_store.example(tmp_path_factory.mktemp("signed"))


@pytest.fixture
def by_link(store: Path) -> Iterator[Entrance]:
    entrance = Entrance("link", free_port(None), "a key of the test")
    server = served(store, entrance)
    yield entrance
    server.terminate()
    server.wait(20)


def test_a_deep_link_leads_to_its_page_after_signing_in(browser: Any, by_link: Entrance) -> None:
    url = f"http://127.0.0.1:{by_link.port}"
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/search?id={HOUSES}")
    assert page.url.startswith(f"{url}/sign-in?next=")
    assert page.get_by_role("heading", name="Sign in").count() == 1
    page.get_by_label("Link").fill(f"{url}/sign-in?ticket=wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("This is not a link of the dashboard that runs here.").wait_for()
    page.get_by_label("Link").fill(f"{url}/sign-in?ticket={ticket(by_link.key)}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/search?id={HOUSES}")
    page.get_by_role("heading", name=HOUSES).wait_for(timeout=60_000)
    (cookie,) = [one for one in context.cookies() if one["name"] == by_link.cookie]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    other = browser.new_context()
    away = other.new_page()
    away.goto(url)
    assert away.url == f"{url}/sign-in"
    other.close()
    context.close()


def test_a_link_in_a_message_opens_for_who_is_signed_in(browser: Any, by_link: Entrance) -> None:
    url = f"http://127.0.0.1:{by_link.port}"
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/sign-in?ticket={ticket(by_link.key)}")
    settled(page)
    elsewhere = context.new_page()
    elsewhere.set_content(f'<a href="{url}/search?id={HOUSES}">look</a>')
    elsewhere.get_by_text("look").click()
    elsewhere.get_by_role("heading", name=HOUSES).wait_for(timeout=60_000)
    assert elsewhere.url == f"{url}/search?id={HOUSES}"
    context.close()


def test_two_users_share_nothing_and_sign_out_apart(
    browser: Any, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_service = open_store(tmp_path, create=True)
    tokens = Tokens(of_service)
    shown = {"ann": "submitter", "bob": "viewer"}
    secrets = {user: tokens.create(user, role, timedelta(hours=1))[0] for user, role in shown.items()}
    with serving(configuration(of_service, "127.0.0.1", 0)) as service:
        monkeypatch.setenv("AUTOML_URL", service)
        monkeypatch.delenv("AUTOML_TOKEN", raising=False)
        entrance = Entrance("token", free_port(None), "a key")
        server = served(store, entrance)
        url = f"http://127.0.0.1:{entrance.port}"
        pages = {}
        try:
            for user, role in shown.items():
                page = pages[user] = browser.new_context().new_page()
                page.goto(f"{url}/?q=taxi")
                page.get_by_label("Token").fill(secrets[user])
                page.get_by_role("button", name="Sign in").click()
                page.get_by_text(f"{user} · {role}").wait_for(timeout=60_000)
                settled(page)
                assert secrets[user] not in page.content() + page.url
            assert pages["ann"].get_by_text("bob").count() == 0
            find = pages["ann"].get_by_label("Find")
            find.fill("houses")
            find.press("Enter")
            pages["ann"].wait_for_url("**q=houses**")
            assert "q=taxi" in pages["bob"].url
            pages["ann"].get_by_text("ann · submitter").click()
            pages["ann"].get_by_role("button", name="Sign out").click()
            pages["ann"].get_by_text("You are signed out. Reload the page to sign in again.").wait_for()
            pages["ann"].reload()
            pages["ann"].get_by_label("Token").wait_for()
            pages["bob"].reload()
            pages["bob"].get_by_text("bob · viewer").wait_for(timeout=60_000)
        finally:
            for page in pages.values():
                page.context.close()
            server.terminate()
            server.wait(20)


def test_the_demonstration_opens_on_its_searches(browser: Any, chromium_path: str) -> None:  # noqa: ARG001
    port = free_port(None)
    words = ["dashboard", "--demo", "--no-browser", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "automl.cli", *words], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            page = browser.new_context().new_page()
            page.goto(line.split()[1])
            page.get_by_text("3 shown of 3").wait_for(timeout=60_000)
            page.context.close()
        finally:
            process.terminate()
