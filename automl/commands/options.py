"""What the options that many commands share mean."""

from __future__ import annotations

from typing import Annotated

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
SearchArgument = Annotated[str, typer.Argument(metavar="SEARCH", help="The id of a search.")]
