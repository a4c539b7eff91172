"""Commands that look into a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from automl.commands.options import JsonOption, StoreOption
from automl.errors import RequestError

SPLITS = ("test", "validation")


def inspect(
    which: Annotated[
        str,
        typer.Argument(
            metavar="SEARCH[/TRIAL]", help="A search, for its best model; a trial (17) or a refit (17-0)."
        ),
    ],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lists the layers of a network, in the order in which it reaches them."""
    from automl.explaining import inspect as inspected

    found = inspected(which, store)
    if as_json:
        print(json.dumps(found))
    else:
        _print_layers(found)


def explain(
    which: Annotated[
        str, typer.Argument(metavar="SEARCH[/TRIAL]", help="A search, a trial (17) or a refit (17-0) of it.")
    ],
    rows: Annotated[
        str, typer.Option(help="worst, best, or numbers such as 3,17,40: rows as the data has them, from 0.")
    ] = "worst",
    n: Annotated[int, typer.Option("--n", help="How many of the worst or best, at most 64.")] = 8,
    split: Annotated[str, typer.Option(help="test or validation.")] = "test",
    out: Annotated[str | None, typer.Option(metavar="DIR", help="A folder for images and tables.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Says which parts of single rows made a model predict what it did."""
    from automl.explaining import Request
    from automl.explaining import explain as explained
    from automl.explaining.judged import MOST_ROWS, rows_asked
    from automl.explaining.words import lines, write

    if split not in SPLITS:
        raise RequestError(f"--split is {' or '.join(SPLITS)}, but got {split!r}.")
    if not 1 <= n <= MOST_ROWS:
        raise RequestError(f"--n is a number of rows from 1 to {MOST_ROWS}, but got {n}.")
    found = explained(Request(which, rows_asked(rows), n, split), store)
    written = [] if out is None else write(found, Path(out))
    if as_json:
        print(json.dumps(found, allow_nan=False))
        return
    for line in lines(found, tells_of_files=out is None):
        print(line)
    if written:
        print(f"\n{len(written)} file{'s' * (len(written) > 1)} written to {out}.")


def _print_layers(found: dict[str, Any]) -> None:
    import polars as pl

    from automl.show import show

    reached = [layer for layer in found["layers"] if not layer["only_in_training"]]
    rest = [layer for layer in found["layers"] if layer["only_in_training"]]
    print(f"{found['trial']}: {found['family']}, {found['n_parameters']:,} parameters")
    if not found["exact"]:
        print("Its model is not kept: the network is built again from its configuration, with other weights.")
    for title, layers in (("", reached), ("Only in training:\n", rest)):
        if layers:
            print(f"\n{title}", end="")
            columns = [
                name for name in _COLUMNS if name != "n_untrained" or any(x["n_untrained"] for x in layers)
            ]
            show(pl.DataFrame([_line(layer) for layer in layers]), "table", columns)


_COLUMNS = ("layer", "kind", "input", "output", "n_parameters", "n_untrained")


def _line(layer: dict[str, Any]) -> dict[str, Any]:
    return {
        "layer": layer["name"],
        "kind": layer["kind"],
        "input": _size(layer["input_shape"]),
        "output": _size(layer["output_shape"]),
        "n_parameters": layer["n_parameters"],
        "n_untrained": layer["n_untrained"],
    }


def _size(shape: list[int | None] | None) -> str:
    return "" if shape is None else " x ".join("n" if size is None else str(size) for size in shape)
