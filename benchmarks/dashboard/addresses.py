"""Every address that is opened by a program: for each page what proves that there is something to read on it.

A page that is new in `dashboard/pages` gets its lines here, and is measured, looked at by axe, photographed and opened
in every state from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dashboard.pages

MOST_COMPARED = 20
Action = Callable[[Any], None]  # of a page of Playwright


@dataclass(frozen=True)
class Names:
    """What there is in a store to be asked for; whoever asks for the n-th time is given the n-th of these.

    Args:
        trials: ``search/number`` of complete trials.
        refits: ``search/number-place`` of their refits.
        big: the search with the most trials.
        running: one that runs; empty where none does.
    """

    searches: Sequence[str]
    trials: Sequence[str]
    refits: Sequence[str]
    datasets: Sequence[str]
    big: str
    running: str = ""

    def fill(self, path: str, number: int) -> str:
        """The path with what {search}, {trial}, {refit}, {dataset}, {big}, {running} and {trials} stand for.

        >>> Names(["a-1"], ["a-1/3", "a-1/4"], [], ["houses"], "a-1").fill("/compare?ids={trials}", 1)
        '/compare?ids=a-1%2F4,a-1%2F3'
        """
        n_compared = min(MOST_COMPARED, len(self.trials))
        return path.format(
            search=_turn(self.searches, number),
            trial=_turn(self.trials, number),
            trials=",".join(_turn(self.trials, number + place) for place in range(n_compared)),
            refit=_turn(self.refits, number),
            dataset=_turn(self.datasets, number),
            big=quote(self.big, safe=""),
            running=quote(self.running, safe=""),
        )


def _turn(names: Sequence[str], number: int) -> str:
    return quote(names[number % len(names)], safe="") if names else ""


@dataclass(frozen=True)
class Change:
    """A filter, or the way to another view.

    Args:
        shown: a selector of Playwright: what can be seen after it, and could not before.
    """

    what: str
    act: Action
    shown: str


@dataclass(frozen=True)
class Address:
    """A page, or one view of it.

    Args:
        name: in reports, and of its pictures.
        page: the file of `dashboard/pages` that shows it, without its ending.
        path: below the server's address, with names to be filled in.
        shown: a selector of Playwright: what makes the page useful.
    """

    name: str
    page: str
    path: str
    shown: str
    change: Change | None = None


def _fill(label: str, value: str) -> Action:
    def act(page: Any) -> None:
        box = page.get_by_label(label, exact=True)
        box.fill(value)
        box.press("Enter")

    return act


def _follow(link: str) -> Action:
    return lambda page: page.get_by_role("link", name=link, exact=True).first.click()


def _open_tab(name: str) -> Action:
    return lambda page: page.get_by_role("tab", name=name).first.click()


def _press(name: str) -> Action:
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def _choose(name: str) -> Action:
    """Chooses one of several that stand side by side."""
    return lambda page: page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).first.click()


def _table(key: str) -> str:
    """One whose rows can be chosen: the others have no mark of their key."""
    return f".st-key-{key} canvas"


TABLE = "[data-testid=stDataFrame] canvas"
CHART = "[data-testid=stVegaLiteChart] svg.marks"  # as it is drawn

NOTHING = "nothing-is-called-so"

ADDRESSES: tuple[Address, ...] = (
    Address(
        "searches",
        "searches",
        "/",
        TABLE,
        Change("a filter", _fill("Find", NOTHING), "text=No search fits this filter"),
    ),
    Address("new", "new", "/new", "text=The same on the command line"),
    Address(
        "search",
        "search",
        "/search?id={search}",
        CHART,
        Change("another tab", _open_tab("trials"), _table("trials")),
    ),
    Address(
        "search-big",
        "search",
        "/search?id={big}",
        CHART,
        Change("another tab", _open_tab("trials"), _table("trials")),
    ),
    Address(
        "search-trials",
        "search",
        "/search?id={big}&tab=trials",
        _table("trials"),
        Change("a filter", _fill("Parameters contain", NOTHING), "text=fits this filter"),
    ),
    Address(
        "search-parameters",
        "search",
        "/search?id={big}&tab=insights",
        CHART,
        Change("another part", _choose("Rungs"), "text=How far trials got"),
    ),
    Address("search-lines", "search", "/search?id={big}&tab=insights&part=Lines", "text=Show data"),
    Address("search-trade-offs", "search", "/search?id={big}&tab=insights&part=Trade-offs", "text= against "),
    Address("search-rungs", "search", "/search?id={big}&tab=insights&part=Rungs", CHART),
    Address(
        "search-failures",
        "search",
        "/search?id={big}&tab=insights&part=Failures",
        "text=/Failures by reason|has failed/",
    ),
    Address("search-workers", "search", "/search?id={big}&tab=insights&part=Workers", CHART),
    Address("search-logs", "search", "/search?id={big}&tab=logs", "text=Logs"),
    Address("search-spec", "search", "/search?id={search}&tab=spec", "text=Every default is filled in"),
    Address(
        "trial",
        "trial",
        "/trial?id={trial}",
        CHART,
        Change("another tab", _open_tab("Parameters"), TABLE),
    ),
    Address("refit", "trial", "/trial?id={refit}", "text=The same on the command line"),
    Address(
        "compare",
        "compare",
        "/compare?ids={trials}",
        TABLE,
        Change("no trial any more", _press("Clear"), "text=No trial is chosen"),
    ),
    Address(
        "leaderboard",
        "leaderboard",
        "/leaderboard?dataset={dataset}",
        CHART,
        Change("all data sets", _choose("All data sets"), "text=Mean ranks"),
    ),
    Address("leaderboard-all", "leaderboard", "/leaderboard?view=All+data+sets", "text=Mean ranks"),
    Address(
        "models",
        "models",
        "/models",
        "text=The same on the command line",
        Change("a filter", _fill("Find", NOTHING), "text=No model fits this filter"),
    ),
    Address(
        "cluster",
        "cluster",
        "/cluster",
        "text=Running and waiting",
        Change("another page", _follow("Searches"), TABLE),
    ),
)


def pages_found() -> set[str]:
    """The names of the files in `dashboard/pages`."""
    return {file.stem for folder in dashboard.pages.__path__ for file in Path(folder).glob("[!_]*.py")}


def addresses() -> list[Address]:
    """Those whose page is there."""
    there = pages_found()
    return [address for address in ADDRESSES if address.page in there]
