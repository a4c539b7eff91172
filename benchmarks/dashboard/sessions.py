"""Many sessions at once, each on another page: what the server takes for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks._measure import Measure
from benchmarks.dashboard.addresses import Names, addresses
from benchmarks.dashboard.browser import Tab, tab
from benchmarks.dashboard.serving import Site

N_SESSIONS = 20
MEMORY_MEGABYTES = 1500.0


@contextmanager
def many_sessions(
    browser: Any, site: Site, names: Names, named: Collection[str] | None = None
) -> Iterator[list[Tab]]:
    """Twenty tabs, each in a context of its own.

    Args:
        named: the addresses that take turns; all of them unless told.
    """
    places = [address for address in addresses() if named is None or address.name in named]
    opened = []
    with ExitStack() as stack:
        for number in range(N_SESSIONS):
            address = places[number % len(places)]
            one = stack.enter_context(tab(browser))
            one.page.goto(site.url + names.fill(address.path, number), wait_until="commit")
            one.wait_for(address.shown)
            opened.append(one)
        for one in opened:
            one.settle()
        yield opened


def memory(
    browser: Any, site: Site, names: Names, seconds: float, renew: Callable[[], object]
) -> list[Measure]:
    """The server's memory while the sessions stay open for so long on tables that change."""
    began, most = time.monotonic(), 0
    before = site.resident_bytes
    with many_sessions(browser, site, names) as tabs:
        opened = time.monotonic()
        while time.monotonic() - opened < seconds:
            most = max(most, site.resident_bytes)
            renew()
            tabs[0].page.wait_for_timeout(2000)
    took, megabyte = time.monotonic() - began, 1e6
    at_most = max(most, site.most_resident_bytes) / megabyte
    return [
        Measure("the server before the first session", before / megabyte, "MB", seconds=took),
        Measure(
            f"the server with {N_SESSIONS} sessions, at most",
            at_most,
            "MB",
            MEMORY_MEGABYTES,
            at_most <= MEMORY_MEGABYTES,
            seconds=took,
        ),
    ]
