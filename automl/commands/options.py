"""What the options that many commands share mean."""

from __future__ import annotations

from typing import Annotated, Any

import typer

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", help="Folder, or URL such as s3://bucket/folder. [AUTOML_STORE, then ./automl-store]"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FormatOption = Annotated[str, typer.Option("--format", help="table, json, csv or parquet.")]
TrialsOption = Annotated[int | None, typer.Option("--trials", help="At most so many trials.")]
EpochsOption = Annotated[int | None, typer.Option("--epochs", help="Of one trial, at most.")]
TimeOption = Annotated[str | None, typer.Option("--time", help="Of the whole search: 90s, 20m, 2h.")]
WorkersOption = Annotated[int | None, typer.Option("--workers", help="How many trials train at once.")]
MoreTrialsOption = Annotated[
    str | None, typer.Option("--trials", help="A new bound on trials: 200, or +50 for so many more.")
]
MoreTimeOption = Annotated[
    str | None, typer.Option("--time", help="A new bound on time: 90s, 20m, 2h, or +30m for so much more.")
]
SearchArgument = Annotated[str, typer.Argument(metavar="SEARCH", help="The id of a search.")]


def more_budget(trials: str | None, time: str | None) -> dict[str, Any]:
    """The bounds that options give: numbers and times, and with a plus what is added to those there are.

    >>> more_budget("200", "+30m")
    {'trials': 200, 'time': '+30m'}
    """
    given = {"trials": trials, "time": time}
    return {
        name: int(text) if text.isascii() and text.isdecimal() else text
        for name, text in given.items()
        if text is not None
    }
