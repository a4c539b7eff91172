"""Commands that read a store or the catalogue."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from automl.commands.options import FormatOption, JsonOption, SearchArgument, StoreOption
from automl.errors import RequestError, nearest


def leaderboard(
    search_id: Annotated[str | None, typer.Argument(metavar="[SEARCH]")] = None,
    dataset: Annotated[str | None, typer.Option(help="All searches on one data set.")] = None,
    metric: Annotated[str | None, typer.Option(help="Rank by this one.")] = None,
    store: StoreOption = None,
    form: FormatOption = "table",
    as_json: JsonOption = False,
) -> None:
    """Ranks finalists and baselines on unseen test rows.

    Scores are means over seeds with 95 % intervals; entries that cannot be told apart share a rank.
    """
    from automl import api

    board = api.leaderboard(search_id, dataset=dataset, metric=metric, store=store)
    show_board(board, "json" if as_json else form)


def trials(
    search_id: SearchArgument,
    store: StoreOption = None,
    form: FormatOption = "table",
    as_json: JsonOption = False,
) -> None:
    """Lists every trial of a search, best first."""
    from automl import api
    from automl.show import show, with_short_parameters

    frame = api.trials(search_id, store=store)
    if form == "table" and not as_json:
        frame = with_short_parameters(frame)
    columns = [
        "trial",
        "state",
        "reason",
        "family",
        "score",
        "n_epochs",
        "train_seconds",
        "n_parameters",
        "parameters",
    ]
    show(frame, "json" if as_json else form, _there(frame, columns), limit=50)


def status(
    search_id: Annotated[str | None, typer.Argument(metavar="[SEARCH]")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until the search ends; with the exit status of `search`.")
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> int:
    """Says what every search, or one, is doing."""
    from automl import api
    from automl.show import show

    if search_id is not None:
        from automl.status_lines import follow, lines

        if watch:
            return follow(lambda: api.status(search_id, store=store), as_json)
        found = api.status(search_id, store=store)
        print(json.dumps(found) if as_json else "\n".join(lines(found)))
        return 0
    if watch:
        raise RequestError("--watch follows one search: give its id, which `automl status` shows.")
    frame = api.searches(store=store)
    if frame.height == 0 and not as_json:
        from automl.remote import connected
        from automl.store import open_store

        print(f"There is no search in the store {connected(store) or open_store(store)} yet.")
        return 0
    columns = [
        "search_id",
        "state",
        "n_trials",
        "n_failed",
        "n_refits",
        "metric",
        "best_score",
        "updated_at",
        "message",
    ]
    show(frame, "json" if as_json else "table", _there(frame, columns))
    return 0


def logs(
    which: Annotated[
        str,
        typer.Argument(metavar="SEARCH[/TRIAL]", help="A search, or a trial of it (17) or a refit (17-0)."),
    ],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is added.")] = False,
    store: StoreOption = None,
) -> None:
    """Prints what the driver and the workers of a search say, or what they say of one trial."""
    import sys

    from automl import api

    search_id, _, work = which.partition("/")
    if work:
        _logs_of(search_id, work, store, follow)
        return
    for name, part in api.logs(search_id, store=store, follow=follow):
        for line in part.decode(errors="replace").splitlines():
            print(f"{name.removesuffix('.log')}: {line}")
        sys.stdout.flush()


def _logs_of(search_id: str, work: str, store: str | None, follow: bool) -> None:
    """What the workers say of one trial, attempt by attempt, and how each attempt ended."""
    import re
    import sys

    from automl import api

    ended = api.attempts(search_id, work, store=store)  # says so where there is no such trial
    found = api.attempt_logs(search_id, work, store=store, follow=follow)
    if follow:
        for line in found:
            print(line)
            sys.stdout.flush()
        return
    number = re.compile(r"\[[a-z]+ [^ ]+/([0-9]+)\]")

    def order(line: str) -> tuple[int, str]:
        attempt = number.search(line)
        return (int(attempt[1]) if attempt else 0, line[:23])  # then by time

    for line in sorted(found, key=order):
        print(line)
    for one in ended:
        reason = f" ({one['reason']}): {one['message']}" if one.get("reason") else ""
        print(f"attempt {one['attempt']}: {one['state']}{reason}")


def families(as_json: JsonOption = False) -> None:
    """Lists the families of networks that can be searched."""
    from automl import catalog

    found = [catalog.family(name) for name in catalog.names("family")]
    _list(
        [
            {"family": f.name, "data": ", ".join(f.kinds), "tasks": ", ".join(f.tasks), "source": f.source}
            for f in found
        ],
        as_json,
    )


def datasets(as_json: JsonOption = False) -> None:
    """Lists the data sets that can be used by name."""
    from automl import catalog

    found = [catalog.dataset(name) for name in catalog.names("data set")]
    keys = ("name", "task", "target", "n_rows", "licence", "source")
    _list([{key: getattr(d, key) for key in keys} for d in found], as_json)


def dashboard(
    store: StoreOption = None,
    port: Annotated[int | None, typer.Option(help="8501, or the next free one.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Show recorded searches, in a store that goes.")
    ] = False,
    sign_in: Annotated[
        str, typer.Option(help="link: printed here, works once; token: of the service; or oidc.")
    ] = "link",
    no_sign_in: Annotated[
        bool, typer.Option("--no-sign-in", help="Let everybody in who reaches the port, on this machine.")
    ] = False,
    host: Annotated[str, typer.Option(help="Where to listen; elsewhere takes --public-url.")] = "127.0.0.1",
    public_url: Annotated[str, typer.Option(help="Of the proxy with TLS before it: https://...")] = "",
) -> int:
    """Shows a store in a browser."""
    from automl.store import open_store
    from dashboard.demo import filled
    from dashboard.entrance import WAYS
    from dashboard.server import launch

    way = next((way for way in WAYS if way == ("none" if no_sign_in else sign_in)), None)
    if way is None or sign_in == "none":
        raise RequestError(f"--sign-in knows no {sign_in[:50]!r}: {nearest(sign_in, WAYS[1:])}")
    if demo and store is not None:
        raise RequestError("--demo brings a store of its own: leave --store out.")
    if demo:
        with filled() as folder:
            return launch(str(folder), port, not no_browser, way, host, public_url, demo=True)
    return launch(str(open_store(store, create=True)), port, not no_browser, way, host, public_url)


def show_board(board: Any, form: str) -> None:
    from automl.ranking import above
    from automl.show import show

    columns = [
        "rank",
        "entry",
        "family",
        "metric",
        "score",
        "low",
        "high",
        "n_seeds",
        "n_parameters",
        "train_seconds",
    ]
    if form == "table" and board.height == 0:
        print("Nothing is on the test rows yet: baselines and finalists come at the end of a search.")
        return
    show(board, form, _there(board, columns))
    if form == "table" and (sentence := above(board)):
        print(f"\n{sentence}")


def _there(frame: Any, columns: list[str]) -> list[str]:
    """Those of the columns that a frame has: it may come from a service of another version."""
    return [name for name in columns if name in frame.columns]


def _list(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows))
        return
    import polars as pl

    from automl.show import show

    show(pl.DataFrame(rows), "table")
