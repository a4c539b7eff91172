"""Commands that use models."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from automl.commands.options import JsonOption, StoreOption


def pull(
    which: Annotated[
        str,
        typer.Argument(metavar="SEARCH[/TRIAL]", help="A search, for its best model; or one trial of it."),
    ],
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A new folder.")],
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Export to ONNX as well, checked against torch.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Copies the best model of a search to a folder, verified."""
    from automl import api

    destination = api.pull(which, folder, store=store, onnx=onnx)
    print(f"{destination} holds the model of {which}, verified. Use it:")
    print(f"  automl predict {folder} DATA -o predictions.csv")


def predict(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The folder of a pulled model.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="A file or folder with the same columns.")],
    output: Annotated[
        str | None, typer.Option("-o", "--output", help="CSV or Parquet file; else printed.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="The file of your own family, if it is one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Predicts every row of a file with a pulled model."""
    from automl import api
    from automl.predicting import check_ending, prediction_frame, write_frame

    if output is not None:
        check_ending(Path(output))
    frame = prediction_frame(api.load(bundle, family), data)
    if output is None:
        sys.stdout.write(f"{frame.write_json()}\n" if as_json else frame.write_csv())
    else:
        write_frame(frame, Path(output))
        print(f"{frame.height} predictions written to {output}.")


def generate(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The folder of a pulled model.")],
    output: Annotated[str, typer.Argument(metavar="FILE", help="CSV or Parquet for tables, PNG for images.")],
    rows: Annotated[int, typer.Option(help="How many.", min=1, max=1_000_000)] = 64,
    seed: Annotated[int, typer.Option(help="Another seed gives other rows.")] = 0,
    family: Annotated[str | None, typer.Option(help="The file of your own family, if it is one.")] = None,
) -> None:
    """Writes new rows that a pulled generative model makes up."""
    from automl import api
    from automl.predicting import write_generated

    write_generated(api.load(bundle, family).generate(rows, seed), Path(output))
    print(f"{rows} generated rows written to {output}.")


def evaluate(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The folder of a pulled model.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="A file or folder with the same columns.")],
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
