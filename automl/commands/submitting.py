"""Commands that send work to the service at AUTOML_URL."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from automl.commands.options import (
    EpochsOption,
    JsonOption,
    SearchArgument,
    TimeOption,
    TrialsOption,
    WorkersOption,
)
from automl.commands.searching import TargetOption, TaskOption, names_of, spec_options
from automl.errors import RequestError

if TYPE_CHECKING:
    from automl.remote import Remote


def submit(
    source: Annotated[str, typer.Argument(metavar="SPEC|DATA", help="A spec (.yaml), or a data file.")],
    target: TargetOption = None,
    task: TaskOption = None,
    trials: TrialsOption = None,
    epochs: EpochsOption = None,
    time: TimeOption = None,
    workers: WorkersOption = None,
    with_code: Annotated[
        bool,
        typer.Option("--with-code", help="Send the files of your own families too, where that is allowed."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Sends a search to the service at AUTOML_URL, and returns its id.

    Data of this machine are uploaded once. The same search again goes on with the one that is there.
    """
    from automl.api import spec_of

    service = the_service()
    names = names_of(target)
    options = spec_options(source, names, trials, epochs, time, workers)
    options |= {} if task is None else {"task": task}
    answer = service.submit(spec_of(source, names, **options), with_code)
    if as_json:
        print(json.dumps(answer))
        return
    for note in answer["notes"]:
        print(f"  {note}", file=sys.stderr)
    print(answer["search_id"])
    print(
        f"It is {answer['state']}; `automl status {answer['search_id']}` says how far it is.", file=sys.stderr
    )


def stop(search_id: SearchArgument) -> None:
    """Lets a search of the service write its checkpoints and end; `automl resume` goes on with it."""
    the_service().stop(search_id)
    print(f"{search_id} stops at its next checkpoints.")


def the_service() -> Remote:
    """The service at ``AUTOML_URL``.

    Raises:
        RequestError: none is named.
    """
    from automl.remote import connected

    service = connected()
    if service is None:
        raise RequestError(
            "This needs a service: set AUTOML_URL and AUTOML_TOKEN. On this machine, use `automl search`."
        )
    return service
