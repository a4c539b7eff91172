"""The trials of a search in a browser: pages, what is ticked, the way back, and a list that changes by itself."""

from __future__ import annotations

from typing import Any

import dashboard_store as rows

HOUSES, TAXI = "houses-0a1b2c3d", "taxi-0a1b2c3d"
LINE = 35  # pixels, of one row of a table


def tick(tab: Any, place: int) -> None:
    """Tick a row of the table; the first is 0."""
    table = tab.page.get_by_test_id("stDataFrame").first
    table.wait_for(timeout=30_000)
    box = table.bounding_box()
    tab.page.mouse.click(box["x"] + 16, box["y"] + 1.5 * LINE + place * LINE)


def test_what_is_ticked_is_compared_and_the_way_back_ends_where_it_began(tab: Any, site: Any) -> None:
    tab.open(f"{site.url}/search?id={HOUSES}&tab=trials")
    assert tab.says("1 to 50 of 240 trials, the best first.")
    tick(tab, 0)
    assert tab.says("1 trial chosen:")
    tick(tab, 1)
    assert tab.says("2 trials chosen:")
    tab.page.get_by_role("button", name="Next").click()
    assert tab.says("51 to 100 of 240 trials, the best first.")
    address = tab.page.url
    assert "after=" in address
    tab.page.get_by_role("link", name="Compare 2 trials").click()
    tab.page.wait_for_url("**/compare?ids=*")
    tab.settle()
    tab.page.go_back()
    assert tab.says("51 to 100 of 240 trials, the best first.")
    assert tab.page.url == address
    assert tab.says("2 trials chosen:")


def test_a_live_list_keeps_what_is_ticked_and_where_one_looks(tab: Any, site: Any) -> None:
    tab.open(f"{site.url}/search?id={TAXI}&tab=trials")
    before = tab.page.get_by_text("trials, the best first.").first
    before.wait_for(timeout=30_000)
    n_before = int(before.inner_text().split(" of ")[1].split()[0])
    tick(tab, 0)
    chosen = tab.page.get_by_text("1 trial chosen:").first
    chosen.wait_for(timeout=30_000)
    named = chosen.inner_text()
    main = tab.page.get_by_test_id("stMain")
    main.evaluate("main => main.scrollTo(0, 120)")
    rows.write(site.store, [rows.trial(TAXI, 1000 + n_before, "complete", score=0.01)])
    assert tab.says(f"of {n_before + 1} trials, the best first.")
    assert chosen.inner_text() == named
    assert main.evaluate("main => main.scrollTop") == 120
    assert "tab=trials" in tab.page.url
    tick(tab, 1)  # it is there now, and is unticked so
    assert tab.says("Tick a trial to open it, or several to compare them.")
