"""How the dashboard behaves at a million trials, in a real browser over a real server.

``python -m benchmarks.dashboard [--quick] [--json FILE] [--only "pages axe"] [--work FOLDER]``

The store is made up from a seed: 1,000 searches over 50 data sets, ``--trials`` trials (a million), 20 epochs each in
the mean; it is kept under ``--work`` for the next run. A fold of the search that runs comes before each run, so that
nothing that the dashboard has kept helps it. Measured are:

- pages: first useful content, a change, and the bytes of WebSocket messages, of each page;
- memory: of the server with 20 sessions open on all pages;
- peer: Optuna Dashboard on studies of growing size, beside the page of a search here;
- untouched: the speed of a running search with and without 20 sessions that look at it, and what they write;
- axe: what axe-core finds on each page, light and dark.

``--pages`` names some of the addresses in `benchmarks.dashboard.addresses`, ``--runs`` how often each is opened.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import _million
from benchmarks._measure import Measure, arguments, report, write
from benchmarks.dashboard.addresses import Names, addresses
from benchmarks.dashboard.axe import grave
from benchmarks.dashboard.browser import SCHEMES, Scheme, chromium, tab
from benchmarks.dashboard.opening import empty_page, opening
from benchmarks.dashboard.peer import QUICK_SIZES, SIZES, peer
from benchmarks.dashboard.serving import Site, serving
from benchmarks.dashboard.sessions import memory
from benchmarks.dashboard.stores import million, names_of_million
from benchmarks.dashboard.untouched import untouched

PARTS = ("pages", "memory", "axe", "peer", "untouched")
OF_MILLION = (
    "pages",
    "memory",
    "axe",
)  # each over a server of its own, so that none finds what another warmed
N_TRIALS, N_QUICK_TRIALS = 1_000_000, 100_000


def main() -> None:
    default_work = str(Path(tempfile.gettempdir()) / "automl-dashboard")
    options = arguments(
        __doc__, work=default_work, trials=0, runs=0, only=" ".join(PARTS), pages="", seconds=0.0
    )
    n_runs = options.runs or (3 if options.quick else 20)
    wanted = options.only.split()
    Path(options.work).mkdir(parents=True, exist_ok=True)
    measures: list[Measure] = []
    with tempfile.TemporaryDirectory(prefix="automl-dashboard-") as name:
        for found in _measured(options, wanted, n_runs, Path(name)):
            report(found)
            measures += found
    if options.json is not None:
        write(measures, options.json)


def _measured(
    options: argparse.Namespace, wanted: list[str], n_runs: int, folder: Path
) -> Iterator[list[Measure]]:
    """The figures, as they are found."""
    if set(wanted) & set(OF_MILLION):
        yield from _of_million(options, wanted, n_runs, folder)
    if "peer" in wanted:
        with chromium() as browser:
            sizes = QUICK_SIZES if options.quick else SIZES
            yield peer(browser, Path(options.work), sizes, min(n_runs, 5))
    if "untouched" in wanted:
        n_pairs, seconds = (1, 8.0) if options.quick else (5, 30.0)
        yield untouched(folder, n_pairs, options.seconds or seconds)


def _of_million(
    options: argparse.Namespace, wanted: list[str], n_runs: int, folder: Path
) -> Iterator[list[Measure]]:
    """What is measured on the many trials."""
    n_trials = options.trials or (N_QUICK_TRIALS if options.quick else N_TRIALS)
    store = million(Path(options.work), n_trials)
    place, names = Path(str(store.place)), names_of_million(store)
    renew = partial(_million.fold_one, store)
    seconds, named = options.seconds or (10.0 if options.quick else 60.0), options.pages.split()
    chosen = [address for address in addresses() if not named or address.name in named]
    with chromium() as browser:
        if "pages" in wanted:
            yield [empty_page(browser, place, folder, n_runs)]
            with serving(place, folder / "pages.log") as site:
                for address in chosen:
                    yield opening(browser, site, address, names, n_runs, renew)
        if "memory" in wanted:
            with serving(place, folder / "memory.log") as site:
                yield memory(browser, site, names, seconds, renew)
        if "axe" in wanted:
            with serving(place, folder / "axe.log") as site:
                yield [_axe(browser, site, names, scheme) for scheme in SCHEMES]


def _axe(browser: Any, site: Site, names: Names, scheme: Scheme) -> Measure:
    """How many serious or critical findings there are; each is printed."""
    began, n_found = time.monotonic(), 0
    for address in addresses():
        with tab(browser, scheme) as one:
            one.first_content(site.url + names.fill(address.path, 0), address.shown)
            one.settle()
            for finding in grave(one.page):
                n_found += 1
                print(f"{address.name}, {scheme}: {finding}", flush=True)
    return Measure(
        f"serious or critical findings of axe on {len(addresses())} pages, {scheme}",
        n_found,
        "findings",
        reach=0.0,
        met=n_found == 0,
        seconds=time.monotonic() - began,
    )


if __name__ == "__main__":
    main()
