"""The command line, asked in a process of its own: what needs torch or a lot of memory stays out of the pages."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from automl.errors import RequestError, UnreachableError

SECONDS = 300.0


def ask(*arguments: str, seconds: float = SECONDS) -> Any:
    """What ``automl ARGUMENTS --json`` prints, read.

    Raises:
        RequestError: what the command says is wrong.
        UnreachableError: it gave no answer in time, or the store or the cluster does not answer it.
    """
    command = [sys.executable, "-P", "-m", "automl.cli", *arguments, "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise UnreachableError(f"`automl {arguments[0]}` gave no answer within {seconds:.0f} s.") from error
    if done.returncode:
        said = done.stderr.strip() or f"`automl {arguments[0]}` ended with status {done.returncode}."
        raise (UnreachableError if done.returncode == 3 else RequestError)(said.removeprefix("Error: "))
    return json.loads(done.stdout)
