"""What axe-core finds on every page, light and dark; what is Streamlit's own stands in `benchmarks.dashboard.axe`."""

from __future__ import annotations

from typing import Any

import pytest
from example_names import EXAMPLE

from benchmarks.dashboard.addresses import Address, addresses, pages_found

pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")


def test_every_page_has_an_address() -> None:
    assert {address.page for address in addresses()} == pages_found()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", addresses(), ids=lambda address: address.name)
def test_axe_finds_nothing_serious(browser: Any, site: Any, address: Address, scheme: Any) -> None:
    from benchmarks.dashboard.axe import grave
    from benchmarks.dashboard.browser import tab

    with tab(browser, scheme) as one:
        one.page.goto(site.url + EXAMPLE.fill(address.path, 0))
        one.wait_for(address.shown)
        one.settle()
        assert [str(finding) for finding in grave(one.page)] == []
