"""The ways in which users give the product something to read."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from automl.errors import RequestError

_WENT_WRONG = "Something that should not happen did"


def plan(file: Path) -> None:
    """A spec with its data, as `automl search` and the service plan it."""
    from automl.api import spec_of
    from automl.machine import Machine
    from automl.run import plan_search

    plan_search(spec_of(file), Machine(2, 0, "here"))


def submit(file: Path) -> None:
    """A spec as the service takes it from elsewhere."""
    from automl.api import spec_of
    from automl.service.routes.submitting import check_travelling
    from automl.store import open_store
    from automl.store.uploads import localised

    spec = spec_of(file)
    check_travelling(spec)
    localised(spec, open_store(file.parent))


def prepare(path: Path | Mapping[str, Any]) -> None:
    """Data, or the ``data`` of a spec, made ready for a search."""
    from automl.data import prepare
    from automl.spec import SplitSpec, parse_spec

    data = dict(path) if isinstance(path, Mapping) else {"path": str(path)}
    prepare(parse_spec({"data": data}).data, SplitSpec(), "auto")


def load(folder: Path) -> None:
    """A bundle, and what it says of itself."""
    import automl

    automl.load(folder).describe()


def command(words: Sequence[str]) -> None:
    """The command line; its message is an error, as its exit status says."""
    from automl.cli import main

    said = io.StringIO()
    before, sys.argv = sys.argv, ["automl", *words]
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            main()
    except SystemExit as done:
        if _WENT_WRONG in said.getvalue() or done.code not in (0, None, 1, 2, 3):
            raise AssertionError(said.getvalue()) from done
        if done.code:
            raise RequestError(said.getvalue().strip("\n")) from done
    finally:
        sys.argv = before
