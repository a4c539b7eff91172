"""Commands that run searches."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from automl.commands.options import (
    EpochsOption,
    JsonOption,
    MoreTimeOption,
    MoreTrialsOption,
    SearchArgument,
    StoreOption,
    TimeOption,
    TrialsOption,
    WorkersOption,
    more_budget,
)
from automl.errors import AutoMLError

Target = str | list[str] | None
TargetOption = Annotated[
    list[str] | None, typer.Option(help="The column to predict; give it again for several.")
]
TaskOption = Annotated[
    str | None,
    typer.Option(
        help="classification, multilabel, regression, quantile, forecasting, anomaly, generation or "
        "representation; inferred where it can be."
    ),
]


def search(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SPEC|DATA", help="A spec (.yaml), or data: a file, folder, registered name or openml:ID."
        ),
    ],
    target: TargetOption = None,
    task: TaskOption = None,
    trials: TrialsOption = None,
    epochs: EpochsOption = None,
    time: TimeOption = None,
    workers: WorkersOption = None,
    store: StoreOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Stop before the first trial.")] = False,
) -> int:
    """Searches for the best model on your data.

    A search that exists already, of the same data and spec, goes on where it was.
    """
    from automl import api

    target_names = names_of(target)
    options = spec_options(source, target_names, trials, epochs, time, workers)
    options |= {} if task is None else {"task": task}
    if dry_run:
        return _estimate(source, target_names, options, store)
    result = with_progress(
        lambda watch: api.search(source, target_names, store=store, watch=watch, announce=announce, **options)
    )
    return _end(result, store)


def resume(
    search_id: SearchArgument,
    trials: MoreTrialsOption = None,
    time: MoreTimeOption = None,
    store: StoreOption = None,
) -> int:
    """Goes on with a search where it was.

    Nothing that finished runs again. A larger bound extends a search that ended.
    """
    from automl import api
    from automl.remote import connected

    service, budget = connected(store), more_budget(trials, time)
    if service is not None:
        service.resume(search_id, budget)
        print(f"{search_id} goes on at the service; `automl status {search_id}` says how far it is.")
        return 0
    result = with_progress(lambda watch: api.resume(search_id, store=store, watch=watch, **budget))
    return _end(result, store)


def validate(
    source: Annotated[str, typer.Argument(metavar="SPEC|DATA")],
    target: TargetOption = None,
    task: TaskOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> int:
    """Checks a spec and its data; estimates time, memory, disk.

    The estimate comes from training one batch of each family. As JSON it comes with the space of each family, and
    with some configurations drawn from them. Uploads that the spec names are read from the store.
    """
    options = {} if task is None else {"task": task}
    return _estimate(source, names_of(target), options, store, as_json)


def demo(store: StoreOption = None) -> int:
    """Shows what this is: a small search on bundled data.

    With its leaderboard, and the best model pulled and used.
    """
    from automl.demo import run_demo

    return run_demo(store)


def names_of(target: list[str] | None) -> Target:
    return target[0] if target is not None and len(target) == 1 else target


def spec_options(
    source: str,
    target: Target,
    trials: int | None,
    epochs: int | None,
    time: str | None,
    workers: int | None,
) -> dict[str, Any]:
    """The parts of a spec that options give, laid over those of the spec file."""
    from automl.api import spec_of

    budget = {
        key: value
        for key, value in (("trials", trials), ("epochs", epochs), ("time", time))
        if value is not None
    }
    options: dict[str, Any] = {}
    if budget:
        options["budget"] = (
            spec_of(source, target).budget.model_dump(mode="json", exclude_unset=True) | budget
        )
    if workers is not None:
        given = spec_of(source, target).resources.model_dump(mode="json", exclude_unset=True)
        options["resources"] = given | {"workers": workers}
    return options


def announce(search: Any, notes: list[str], file: str) -> None:
    from automl.progress_line import duration

    for note in notes:
        print(f"  {note}", file=sys.stderr)
    budget = search.spec.budget
    bounds = [f"{budget.trials} trials"] if budget.trials else []
    bounds += [duration(budget.time)] if budget.time else []
    families = ", ".join(family.name for family in search.families)
    print(
        f"Search {search.search_id}: {search.task.kind} of {search.task.target or 'rows'}, {families}; "
        f"{' or '.join(bounds) or 'budget as given'}, {search.n_workers} workers.\n"
        f"The whole spec is in {file}; Ctrl-C pauses it, `automl resume {search.search_id}` goes on.",
        file=sys.stderr,
    )


def with_progress(run: Any) -> Any:
    from automl.progress_line import ProgressLine

    line = ProgressLine()
    try:
        return run(line)
    finally:
        line.close()


def _end(result: Any, store: str | None) -> int:
    """Shows what a search brought, and gives the exit status."""
    where = "" if store is None else f" --store {store}"
    if result.state == "stopped":
        print(f"Paused. Go on with: automl resume {result.search_id}{where}", file=sys.stderr)
        return 130
    if result.state == "failed":
        raise AutoMLError(f"The search {result.search_id} found no model: {result.message}")
    from automl.commands.reading import show_board

    show_board(result.leaderboard(), "table")
    if result.message:
        print(f"\n{result.message}")
    print("\nGo on with:")
    for command in (f"trials {result.search_id}", f"pull {result.search_id} model/", "dashboard"):
        print(f"  automl {command}{where}")
    return 0


def _estimate(
    source: str, target: Target, options: dict[str, Any], store: str | None, as_json: bool = False
) -> int:
    from automl.api import spec_of
    from automl.estimate import describe_estimate, estimate
    from automl.store import open_store
    from automl.store.uploads import localised, names_upload

    spec = spec_of(source, target, **options)
    found = estimate(localised(spec, open_store(store)) if names_upload(spec) else spec)
    print(json.dumps(found.to_plain()) if as_json else describe_estimate(found))
    return 0
