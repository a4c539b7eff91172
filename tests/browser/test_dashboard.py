"""What only a browser shows: addresses, selections, and that other people's text stays text."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from dashboard_store import HOSTILE

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

HOUSES = "houses-0a1b2c3d"
MAX_BYTES = 500_000  # of one page, over the websocket


def test_both_pages_open_and_are_small(tab: Any, site: Any, tmp_path: Path) -> None:
    tab.open(site.url)
    assert tab.says("6 shown of 6")
    tab.page.screenshot(path=tmp_path / "searches.png", full_page=True)
    tab.page.get_by_role("link", name="Leaderboard").click()
    assert tab.says("is better than the best network")
    assert tab.page.url.startswith(f"{site.url}/leaderboard")
    tab.page.screenshot(path=tmp_path / "leaderboard.png", full_page=True)
    assert (tmp_path / "leaderboard.png").stat().st_size > 10_000
    assert 0 < sum(tab.received) < 2 * MAX_BYTES


def test_a_link_to_a_search_opens_it_and_back_leaves_it(tab: Any, site: Any) -> None:
    tab.open(f"{site.url}/search?id={HOUSES}")
    assert tab.says("10 trials shown, the best complete ones")
    assert tab.page.get_by_role("heading", name=HOUSES).count() == 1
    assert sum(tab.received) < MAX_BYTES
    tab.page.get_by_role("link", name="Searches").click()
    assert tab.says("6 shown of 6")
    assert "id=" not in tab.page.url
    tab.page.go_back()
    assert tab.says("10 trials shown, the best complete ones")


def test_charts_have_a_description(tab: Any, site: Any) -> None:
    tab.open(f"{site.url}/search?id={HOUSES}")
    tab.says("10 trials shown, the best complete ones")
    tab.page.get_by_label("Best rmse so far over time").first.wait_for(timeout=30_000)


def test_a_filter_is_in_the_address_and_the_address_filters(tab: Any, site: Any) -> None:
    tab.open(site.url)
    find = tab.page.get_by_label("Find")
    find.fill("taxi")
    find.press("Enter")
    assert tab.says("2 shown of 2")
    tab.page.locator(".st-key-state").get_by_text("queued").click()
    assert tab.says("1 shown of 1")
    address = tab.page.url
    assert "q=taxi" in address
    assert "state=queued" in address
    tab.open(address)
    assert tab.says("1 shown of 1")
    expect(tab.page.get_by_label("Find")).to_have_value("taxi", timeout=30_000)


def test_a_selected_row_opens_its_search(tab: Any, site: Any) -> None:
    tab.open(f"{site.url}/?q={HOUSES}")
    tab.says("1 shown of 1")
    table = tab.page.get_by_test_id("stDataFrame").first.bounding_box()
    tab.page.mouse.click(table["x"] + 16, table["y"] + 52)
    assert tab.says("10 trials shown, the best complete ones")
    assert f"id={HOUSES}" in tab.page.url
    tab.page.go_back()
    assert tab.says("1 shown of 1")
    assert tab.page.url == f"{site.url}/?q={HOUSES}"


def test_text_of_others_is_shown_as_text(tab: Any, site: Any) -> None:
    tab.open(site.url)
    tab.says("6 shown of 6")
    tab.open(f"{site.url}/search?id={quote(HOSTILE)}")
    heading = tab.page.get_by_role("heading", level=1)
    assert heading.inner_text().replace("\u2060", "").startswith("<img src=x onerror=")
    body = tab.page.get_by_test_id("stMain")
    assert body.locator("img, strong, a[href*=evil]").count() == 0
    assert tab.page.title() == "automl"
    tab.open(f"{site.url}/search?id={quote('<b>nobody</b> https://evil.example')}")
    assert tab.says("There is no such search")
    assert body.locator("b, a[href*=evil]").count() == 0


def test_a_store_that_is_renewed_is_seen_without_a_reload(tab: Any, site: Any) -> None:
    tab.open(f"{site.url}/search?id=taxi-0a1b2c3d")
    assert tab.says("renewed every 5 s")
    before = sum(tab.received)
    tab.page.wait_for_timeout(6_500)
    assert sum(tab.received) > before
    assert tab.page.locator("[data-testid=stException], .st-key-unexpected").count() == 0
