"""How soon a page is useful, how soon it changes, and what it is sent: one tab, a new one for each run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import TimeoutError as TooLate

from benchmarks._measure import Measure
from benchmarks.dashboard.addresses import Address, Names
from benchmarks.dashboard.browser import PATIENCE_SECONDS, tab
from benchmarks.dashboard.serving import Site, serving

CONTENT_SECONDS, CHANGE_SECONDS, PAYLOAD_KILOBYTES = 1.5, 0.5, 500.0


def opening(
    browser: Any, site: Site, address: Address, names: Names, repeats: int, renew: Callable[[], object]
) -> list[Measure]:
    """The figures of one page, each as the median and the worst of the runs.

    Args:
        renew: changes the tables, so that nothing that was answered before helps; called before each run.
    """
    began, contents, changes, payloads, taken = time.monotonic(), [], [], [], []
    for number in range(-1, repeats):  # the first is not counted: the server imports what the page needs
        renew()
        before = site.processor_seconds
        try:
            content, changed, payload = _once(browser, site.url + names.fill(address.path, number), address)
        except TooLate as error:
            print(f"{address.name}: {error}", flush=True)
            content, changed, payload = PATIENCE_SECONDS, PATIENCE_SECONDS, 0.0
        if number >= 0:
            contents.append(content)
            payloads.append(payload)
            taken.append(site.processor_seconds - before)
            changes.append(changed)
    seconds = time.monotonic() - began
    found = _median_and_worst(
        f"{address.name}: first useful content", contents, "s", CONTENT_SECONDS, seconds
    )
    if address.change is not None:
        found += _median_and_worst(
            f"{address.name}: {address.change.what}", changes, "s", CHANGE_SECONDS, seconds
        )
    what = f"{address.name}: time of cores that the server took, median"
    return [
        *found,
        *_median_and_worst(f"{address.name}: payload", payloads, "kB", PAYLOAD_KILOBYTES, seconds),
        Measure(what, median(taken), "s", repeats=len(taken), seconds=seconds),
    ]


def empty_page(browser: Any, store: Path, folder: Path, repeats: int) -> Measure:
    """The same of a program of Streamlit that shows one word: what no page can be quicker than here and now."""
    began, seconds = time.monotonic(), []
    program = folder / "empty.py"
    program.write_text('import streamlit as st\n\nst.text("Nothing.")\n')
    with serving(store, folder / "empty.log", program) as site:
        for _ in range(repeats + 1):
            with tab(browser) as one:
                seconds.append(one.first_content(site.url, "text=Nothing."))
    value = median(seconds[1:])
    name = "an empty page of Streamlit: first useful content, median"
    return Measure(name, value, "s", repeats=repeats, seconds=time.monotonic() - began)


def _once(browser: Any, url: str, address: Address) -> tuple[float, float, float]:
    """Seconds until it is useful, seconds of the change, and kilobytes received before the change."""
    with tab(browser) as one:
        content = one.first_content(url, address.shown)
        one.settle()
        payload = one.received / 1000
        changed = 0.0 if address.change is None else one.change(address.change.act, address.change.shown)
        assert not one.problems, one.problems
    return content, changed, payload


def _median_and_worst(
    name: str, values: list[float], unit: str, reach: float, seconds: float
) -> list[Measure]:
    return [
        Measure(
            f"{name}, {what}",
            value,
            unit,
            reach,
            value <= reach,
            repeats=len(values),
            seconds=seconds,
        )
        for what, value in (("median", median(values)), ("worst", max(values)))
    ]
