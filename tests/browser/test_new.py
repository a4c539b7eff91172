"""New search in a browser: typing marks lines at once, form and YAML follow each other, and keys alone suffice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automl.store import open_store
from benchmarks.dashboard.browser import Tab
from benchmarks.dashboard.browser import tab as new_tab
from benchmarks.dashboard.serving import Site, serving

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect

PATIENCE = 90_000  # milliseconds, on a machine that has much to do
WAITING = "data: {name: iris}\nfamilies: [mlp]\nbudget: {trials: 2, epochs: 1}\nresources: {workers: 1, cpus: 1000}\n"
UPLOADED = re.compile(r"^data: \{path: /.+/houses\.csv\}$", re.MULTILINE)
FOCUSED = """() => {
  let found = document.activeElement
  while (found && found.shadowRoot && found.shadowRoot.activeElement) found = found.shadowRoot.activeElement
  return found ? found.tagName + " " + (found.innerText || found.getAttribute("aria-label") || found.id).trim() : ""
}"""


@pytest.fixture(scope="module")
def site(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:  # noqa: ARG001
    place = tmp_path_factory.mktemp("new")
    open_store(place / "store", create=True)
    with serving(place / "store", place / "log.txt") as found:
        yield found


@pytest.fixture
def tab(browser: Any, site: Site) -> Iterator[Tab]:
    with new_tab(browser) as found:
        found.page.goto(f"{site.url}/new")
        area(found).wait_for(timeout=PATIENCE)
        settle(found)
        yield found
        assert found.problems == []


def area(tab: Tab) -> Any:
    return tab.page.get_by_label("The spec, as YAML")


def settle(tab: Tab) -> None:
    """Wait until what was typed has been looked at."""
    tab.page.wait_for_timeout(900)
    tab.page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=PATIENCE)


def tab_to(tab: Tab, element: str, words: str) -> None:
    """Press Tab until an element with these words has the focus."""
    passed = []
    for _ in range(80):
        passed.append(tab.page.evaluate(FOCUSED))
        if passed[-1].startswith(f"{element} ") and words in passed[-1]:
            return
        tab.page.keyboard.press("Tab")
    pytest.fail(f"Tab does not lead to {words}, but to {passed}")


def test_a_wrong_line_is_marked_while_one_types(tab: Tab) -> None:
    area(tab).fill("data: {name: iris}\nbudget:\n")
    area(tab).press("Control+End")
    tab.page.keyboard.type("  trials: 0")
    problem = tab.page.get_by_text("Line 3: budget.trials must be at least 1, but got 0.")
    problem.wait_for(timeout=PATIENCE)
    assert tab.page.evaluate(FOCUSED) == "TEXTAREA spec-text"
    assert area(tab).get_attribute("aria-invalid") == "true"
    assert tab.page.locator(".numbers .wrong").all_inner_texts() == ["✖ 3"]
    tab.page.keyboard.press("Backspace")
    tab.page.keyboard.type("4")
    problem.wait_for(state="detached", timeout=PATIENCE)
    assert area(tab).get_attribute("aria-invalid") == "false"
    expect(tab.page.get_by_label("Trials", exact=True)).to_have_value("4", timeout=PATIENCE)


def test_nothing_that_is_typed_is_lost_while_the_page_answers(tab: Tab) -> None:
    text = "data: {name: iris}\nname: " + "abcdefghij" * 5
    area(tab).fill("")
    area(tab).press_sequentially(text, delay=60)
    settle(tab)
    assert area(tab).input_value() == text
    tab.page.get_by_text("More: split").click()
    expect(tab.page.get_by_label("Name", exact=True)).to_have_value("abcdefghij" * 5, timeout=PATIENCE)


def test_the_form_changes_the_text_beside_it(tab: Tab) -> None:
    area(tab).fill("data: {name: iris}  # flowers\nbudget: {time: 10m}\n")
    trials = tab.page.get_by_label("Trials", exact=True)
    trials.fill("7")
    trials.press("Tab")
    expect(area(tab)).to_have_value(
        "data: {name: iris}  # flowers\nbudget: {time: 10m, trials: 7}\n", timeout=PATIENCE
    )
    area(tab).fill("data: {name: iris}  # flowers\nbudget: {time: 10m}\n")  # as it was: that is news too
    expect(trials).to_have_value("", timeout=PATIENCE)


def test_an_upload_becomes_the_data(tab: Tab, tmp_path: Path) -> None:
    table = tmp_path / "houses.csv"
    table.write_text("size,price\n1,2\n")
    tab.page.get_by_role("radio", name="Upload").or_(
        tab.page.get_by_role("button", name="Upload")
    ).first.click()
    tab.page.locator("input[type=file]").first.set_input_files(table)
    tab.page.get_by_text("First rows of houses.csv").wait_for(timeout=PATIENCE)
    expect(area(tab)).to_have_value(UPLOADED, timeout=PATIENCE)
    (tmp_path / "notes.docx").write_bytes(b"no table")
    tab.page.locator("input[type=file]").first.set_input_files(tmp_path / "notes.docx")
    tab.page.get_by_text("files are not allowed").first.wait_for(timeout=PATIENCE)
    expect(area(tab)).to_have_value(UPLOADED)


def test_the_way_to_a_submitted_search_needs_no_mouse(tab: Tab) -> None:
    tab_to(tab, "TEXTAREA", "spec-text")
    tab.page.keyboard.press("Control+a")
    tab.page.keyboard.type(WAITING)
    settle(tab)
    tab_to(tab, "BUTTON", "Submit")
    tab.page.keyboard.press("Enter")
    tab.page.get_by_text("is accepted and queued").wait_for(timeout=2 * PATIENCE)  # a service begins for it
    expect(tab.page.get_by_role("button", name="Submit")).to_be_disabled()
    tab_to(tab, "A", "Open iris-")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/search?id=iris-*", timeout=PATIENCE)
