"""The command line. What is heavy is imported inside the command that needs it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from automl.errors import AutoMLError

app = typer.Typer(
    name="automl",
    help="Searches deep-learning architectures and their hyperparameters, and says honestly how good they are.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

StoreOption = Annotated[
    str | None, typer.Option("--store", help="Folder or file:// URL. [AUTOML_STORE, then ./automl-store]")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FormatOption = Annotated[str, typer.Option("--format", help="table, json, csv or parquet.")]
SearchArgument = Annotated[str, typer.Argument(metavar="SEARCH", help="The id of a search.")]


def main() -> None:
    """Runs a command; errors of ours become one paragraph and an exit status."""
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        sys.exit(app(args=arguments, standalone_mode=False) or 0)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        message, status = _explain(error)
        _fail(message, status)


def _explain(error: Exception) -> tuple[str, int]:
    if isinstance(error, AutoMLError):
        return str(error), error.exit_status
    if isinstance(error, ModuleNotFoundError) and error.name in _EXTRAS:
        extra = _EXTRAS[error.name]
        return f"This command needs {error.name}, which is not installed: pip install 'automl[{extra}]'.", 2
    if hasattr(error, "format_message"):  # what typer raises on a wrong command, option or argument
        return f"{error.format_message()} See `automl --help`.", 2
    return (
        f"Something that should not happen did: {type(error).__name__}: {error}. Run it again with --debug "
        "for the details, and please report it.",
        1,
    )


_EXTRAS = {
    **dict.fromkeys(("torch", "ray", "optuna", "sklearn", "safetensors", "PIL", "numpy"), "search"),
    **dict.fromkeys(("streamlit", "altair"), "dashboard"),
    **dict.fromkeys(("onnx", "onnxscript", "onnxruntime"), "onnx"),
}


def _fail(message: str, status: int) -> None:
    print(f"automl: {message}", file=sys.stderr)
    sys.exit(status)


@app.command()
def search(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SPEC|DATA", help="A spec (.yaml), or data: a file, folder, registered name or openml:ID."
        ),
    ],
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    trials: Annotated[int | None, typer.Option(help="At most so many trials.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Of one trial, at most.")] = None,
    time: Annotated[str | None, typer.Option(help="Of the whole search: 90s, 20m, 2h.")] = None,
    workers: Annotated[int | None, typer.Option(help="How many trials train at once.")] = None,
    store: StoreOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Stop before the first trial.")] = False,
) -> int:
    """Searches for the best model; the same search again goes on with it."""
    from automl import api

    options = _spec_options(source, target, trials, epochs, time, workers)
    if dry_run:
        return _estimate(source, target, options)
    result = with_progress(
        lambda watch: api.search(source, target, store=store, watch=watch, announce=announce, **options)
    )
    return _end(result)


@app.command()
def resume(
    search_id: SearchArgument,
    trials: Annotated[int | None, typer.Option(help="A new bound on trials.")] = None,
    time: Annotated[str | None, typer.Option(help="A new bound on time: 90s, 20m, 2h.")] = None,
    store: StoreOption = None,
) -> int:
    """Goes on with a search where it was; nothing that finished runs again."""
    from automl import api

    result = with_progress(
        lambda watch: api.resume(search_id, store=store, watch=watch, trials=trials, time=time)
    )
    return _end(result)


@app.command()
def validate(
    source: Annotated[str, typer.Argument(metavar="SPEC|DATA")],
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Checks a spec and its data, and estimates time, memory and disk from one batch."""
    return _estimate(source, target, {}, as_json)


@app.command()
def leaderboard(
    search_id: Annotated[str | None, typer.Argument(metavar="[SEARCH]")] = None,
    dataset: Annotated[str | None, typer.Option(help="All searches on one data set.")] = None,
    metric: Annotated[str | None, typer.Option(help="Rank by this one.")] = None,
    store: StoreOption = None,
    form: FormatOption = "table",
    as_json: JsonOption = False,
) -> None:
    """Finalists and baselines on test rows that no search has seen, with 95 % intervals."""
    from automl import api

    board = api.leaderboard(search_id, dataset=dataset, metric=metric, store=store)
    show_board(board, "json" if as_json else form)


@app.command()
def trials(
    search_id: SearchArgument,
    store: StoreOption = None,
    form: FormatOption = "table",
    as_json: JsonOption = False,
) -> None:
    """Every trial of a search, best first."""
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
    show(frame, "json" if as_json else form, columns, limit=50)


@app.command()
def pull(
    which: Annotated[str, typer.Argument(metavar="SEARCH[/TRIAL]")],
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A new folder.")],
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Export to ONNX as well, checked against torch.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Copies the best model of a search, or the one of a trial, to a folder, verified."""
    from automl import api

    destination = api.pull(which, folder, store=store, onnx=onnx)
    print(f"{destination} holds the model of {which}, verified. Use it:")
    print(f"  automl predict {folder} DATA -o predictions.csv")


@app.command()
def predict(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE")],
    data: Annotated[str, typer.Argument(metavar="DATA")],
    output: Annotated[
        str | None, typer.Option("-o", "--output", help="CSV or Parquet file; else printed.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="The file of your own family, if it is one.")] = None,
) -> None:
    """Predicts every row of a file with a pulled model."""
    from automl import api
    from automl.predicting import prediction_frame, write_frame

    frame = prediction_frame(api.load(bundle, family), data)
    if output is None:
        sys.stdout.write(frame.write_csv())
    else:
        write_frame(frame, Path(output))
        print(f"{frame.height} predictions written to {output}.")


@app.command()
def evaluate(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE")],
    data: Annotated[str, typer.Argument(metavar="DATA")],
    family: Annotated[str | None, typer.Option(help="The file of your own family, if it is one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Scores a pulled model on rows with known targets."""
    from automl import api

    scores = api.load(bundle, family).evaluate(data)
    if as_json:
        print(json.dumps(scores))
    else:
        for name, score in scores.items():
            print(f"{name:20} {score:.6g}")


@app.command()
def status(
    search_id: Annotated[str | None, typer.Argument(metavar="[SEARCH]")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """What each search is doing, or one of them."""
    from automl.show import show
    from automl.store import open_store
    from automl.store.reading import searches

    opened = open_store(store)
    frame = searches(opened).collect()
    if search_id is not None:
        opened.search(search_id)
        frame = frame.filter(frame["search_id"] == search_id)
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
    show(frame, "json" if as_json else "table", columns)


@app.command()
def families(as_json: JsonOption = False) -> None:
    """The families of networks that can be searched."""
    from automl import catalog

    found = [catalog.family(name) for name in catalog.names("family")]
    _list(
        [
            {"family": f.name, "data": ", ".join(f.kinds), "tasks": ", ".join(f.tasks), "source": f.source}
            for f in found
        ],
        as_json,
    )


@app.command()
def datasets(as_json: JsonOption = False) -> None:
    """The data sets that can be used by name."""
    from automl import catalog

    found = [catalog.dataset(name) for name in catalog.names("data set")]
    keys = ("name", "task", "target", "n_rows", "licence", "source")
    _list([{key: getattr(d, key) for key in keys} for d in found], as_json)


@app.command()
def delete(
    search_id: SearchArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would free.")] = False,
    store: StoreOption = None,
) -> None:
    """Removes a search, its models and its rows."""
    from automl.store import open_store
    from automl.store.retention import delete as remove

    opened = open_store(store)
    opened.search(search_id)
    freed = remove(opened, search_id, dry_run)
    print(f"{search_id}: {freed / 1e6:.1f} MB {'would be freed' if dry_run else 'freed'}.")


@app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would free.")] = False,
    store: StoreOption = None,
) -> None:
    """Removes what nothing refers to: folders of lost attempts, temporary files, old versions of tables."""
    from automl.store import open_store
    from automl.store.retention import gc as collect

    removed = collect(open_store(store), dry_run)
    for what, n_bytes in removed:
        print(f"{n_bytes / 1e6:10.3f} MB  {what}")
    total = sum(n_bytes for _, n_bytes in removed)
    print(f"{total / 1e6:10.3f} MB {'would be freed' if dry_run else 'freed'}.")


@app.command()
def dashboard(
    store: StoreOption = None,
    port: Annotated[int | None, typer.Option(help="8501, or the next free one.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> int:
    """Shows a store in a browser."""
    from automl.store import open_store
    from dashboard.launch import launch

    return launch(str(open_store(store, create=True).path), port, not no_browser)


@app.command()
def demo(store: StoreOption = None) -> int:
    """A small search on real bundled data, its leaderboard, the best model pulled and used."""
    from automl.demo import run_demo

    return run_demo(store)


def _spec_options(
    source: str,
    target: str | None,
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


def announce(search: Any, notes: list[str], file: Path) -> None:
    from automl.progress_line import duration

    for note in notes:
        print(f"  {note}", file=sys.stderr)
    budget = search.spec.budget
    bounds = [f"{budget.trials} trials"] if budget.trials else []
    bounds += [duration(budget.time)] if budget.time else []
    families = ", ".join(family.name for family in search.families)
    print(
        f"Search {search.search_id}: {search.task.kind} of {search.task.target}, {families}; "
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


def _end(result: Any) -> int:
    """Shows what a search brought, and gives the exit status."""
    if result.state == "stopped":
        print(f"Paused. Go on with: automl resume {result.search_id}", file=sys.stderr)
        return 130
    if result.state == "failed":
        raise AutoMLError(f"The search {result.search_id} found no model: {result.message}")
    show_board(result.leaderboard(), "table")
    if result.message:
        print(f"\n{result.message}")
    print("\nGo on with:")
    for command in (f"trials {result.search_id}", f"pull {result.search_id} model/", "dashboard"):
        print(f"  automl {command}")
    return 0


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
    show(board, form, [name for name in columns if name in board.columns])
    if form == "table" and (sentence := above(board)):
        print(sentence)


def _estimate(source: str, target: str | None, options: dict[str, Any], as_json: bool = False) -> int:
    from automl.api import spec_of
    from automl.estimate import describe_estimate, estimate

    found = estimate(spec_of(source, target, **options))
    print(json.dumps(found.to_plain()) if as_json else describe_estimate(found))
    return 0


def _list(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows))
        return
    import polars as pl

    from automl.show import show

    show(pl.DataFrame(rows), "table")


if __name__ == "__main__":
    main()
