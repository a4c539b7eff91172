"""Every page in every state in a browser: no traceback, nothing of others but as text, nothing from elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dashboard_store as rows
import pytest
from example_names import ENDLESS, EXAMPLE, STRANGE, TAXI, UNKNOWN

from automl.store import open_store
from benchmarks.dashboard.addresses import Address, Names, addresses
from benchmarks.dashboard.browser import Tab
from benchmarks.dashboard.browser import tab as new_tab
from benchmarks.dashboard.serving import Site, serving

PAGES = pytest.mark.parametrize("address", addresses(), ids=lambda address: address.name)
OF_OTHERS = "b, strong em, img[src=x], a[href^='https://evil'], script, iframe"
CANNOT_BE_READ = "The store cannot be read"
READ_TABLES = {"searches", "search", "trial", "compare", "leaderboard", "models"}
NOT_THERE = (
    "There is no such",
    "This address names no trial",
    "Not everything in the address is in this store",
    "There is no board of a data set",
)
Serve = Callable[[Path], Site]


@pytest.fixture(scope="session")
def serve(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:  # noqa: ARG001
    """Gives a server over a store; the same one for the same store."""
    found: dict[Path, Site] = {}
    with ExitStack() as stack:

        def give(store: Path) -> Site:
            if store not in found:
                log = tmp_path_factory.mktemp("served") / "log.txt"
                found[store] = stack.enter_context(serving(store, log))
            return found[store]

        yield give


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rows.example(tmp_path_factory.mktemp("many"))


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("empty")
    open_store(place, create=True)
    return place


@pytest.fixture(scope="session")
def broken(many: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = Path(shutil.copytree(many, tmp_path_factory.mktemp("broken") / "store"))
    for log in (store / "tables").glob("*/_delta_log/*"):
        log.write_text("not a log")
    return store


@pytest.fixture
def tab(browser: Any) -> Iterator[Tab]:
    with new_tab(browser) as opened:
        yield opened
        assert opened.problems == []


def look(tab: Tab, site: Site, address: Address, names: Names) -> str:
    """Opens it; gives what it says, after what must hold of every page in every state."""
    tab.page.goto(site.url + names.fill(address.path, 0))
    tab.settle()
    main = tab.page.get_by_test_id("stMain")
    main.get_by_test_id("stMarkdown").or_(main.get_by_test_id("stText")).first.wait_for(timeout=30_000)
    said = str(main.inner_text())
    assert tab.page.locator("[data-testid=stException], .st-key-unexpected").count() == 0
    assert tab.page.get_by_test_id("stMain").locator(OF_OTHERS).count() == 0
    assert "Traceback" not in said
    assert "owned" not in tab.page.title()
    assert len(said) > 20
    return said


@PAGES
def test_page_shows_what_there_is(tab: Tab, serve: Serve, many: Path, address: Address) -> None:
    look(tab, serve(many), address, EXAMPLE)
    tab.wait_for(address.shown)


@PAGES
def test_page_of_an_empty_store_says_what_to_do(
    tab: Tab, serve: Serve, empty: Path, address: Address
) -> None:
    assert CANNOT_BE_READ not in look(tab, serve(empty), address, UNKNOWN)


@PAGES
def test_page_over_broken_tables_says_so(tab: Tab, serve: Serve, broken: Path, address: Address) -> None:
    said = look(tab, serve(broken), address, EXAMPLE)
    assert CANNOT_BE_READ in said or address.page not in READ_TABLES


@PAGES
@pytest.mark.parametrize("names", [UNKNOWN, STRANGE, ENDLESS], ids=["unknown", "strange", "endless"])
def test_page_of_an_id_that_nobody_has(
    tab: Tab, serve: Serve, many: Path, address: Address, names: Names
) -> None:
    said = look(tab, serve(many), address, names)
    if names.fill(address.path, 0) != address.path:
        assert any(words in said for words in NOT_THERE), said


@pytest.mark.parametrize(
    "address", [one for one in addresses() if "{" in one.path], ids=lambda address: address.name
)
def test_a_deep_link_is_the_first_thing_that_a_server_is_asked_for(
    tab: Tab, many: Path, tmp_path: Path, address: Address
) -> None:
    with serving(many, tmp_path / "log.txt") as site:
        wanted = site.url + EXAMPLE.fill(address.path, 0)
        tab.page.goto(wanted)
        tab.wait_for(address.shown)
        asked, kept = (parse_qs(urlsplit(url).query) for url in (wanted, tab.page.url))
        assert urlsplit(tab.page.url).path == urlsplit(wanted).path
        assert all(asked[name] == value for name, value in kept.items())  # what is usual leaves the address
        assert kept.get("id") == asked.get("id")


@PAGES
def test_back_shows_the_page_before(tab: Tab, serve: Serve, many: Path, address: Address) -> None:
    site = serve(many)
    tab.page.goto(site.url + EXAMPLE.fill(address.path, 0))
    tab.wait_for(address.shown)
    before = tab.page.url
    name, shown = ("Models", "Models") if address.page == "cluster" else ("Cluster", "Running and waiting")
    tab.page.get_by_role("link", name=name, exact=True).first.click()
    tab.page.get_by_role("heading", name=shown).first.wait_for(timeout=60_000)
    tab.page.go_back()
    tab.page.wait_for_url(before, timeout=30_000)
    tab.wait_for(address.shown)


def test_two_browsers_share_nothing(browser: Any, serve: Serve, many: Path) -> None:
    site = serve(many)
    with new_tab(browser) as one, new_tab(browser) as other:
        for opened in (one, other):
            opened.page.goto(site.url)
            opened.wait_for("text=/shown of [0-9,]+/")
        find = one.page.get_by_label("Find", exact=True)
        find.fill("taxi")
        find.press("Enter")
        one.wait_for("text=2 shown of 2")
        other.page.get_by_role("link", name="Leaderboard", exact=True).first.click()
        other.wait_for("text=Scores and 95 % intervals")
        other.page.get_by_role("link", name="Searches", exact=True).first.click()
        other.wait_for("text=6 shown of 6")
        assert "taxi" in one.page.url
        assert "taxi" not in other.page.url
        assert other.page.get_by_label("Find", exact=True).input_value() == ""


def test_what_comes_in_moves_nothing(tab: Tab, serve: Serve, tmp_path: Path) -> None:
    store = rows.example(tmp_path / "live")
    tab.page.goto(f"{serve(store).url}/search?id={TAXI}")
    tab.wait_for("[aria-label^='Best ']")
    tab.settle()
    main = tab.page.get_by_test_id("stMain")
    main.evaluate("element => element.scrollTo(0, 500)")
    rows.write(store, [rows.trial(TAXI, 1000)])
    tab.wait_for("text=/of 41/")
    assert main.evaluate("element => element.scrollTop") == 500
