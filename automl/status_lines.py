"""What one search is doing, as lines for people; and the same again and again until it ends."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from automl.progress_line import duration
from automl.wording import number

WATCH_SECONDS = 2.0  # between two looks
ENDS = {
    "complete": 0,
    "failed": 1,
    "stopped": 130,
}  # states in which a search has ended: the exit status of each
_UP_AND_CLEAR = "\x1b[{}F\x1b[J"  # to the beginning of so many lines above, and nothing behind it
Status = Mapping[str, Any]


def lines(status: Status) -> list[str]:
    """What is known of a search, a line for each thing."""
    reason = f" ({status['reason']})" if status.get("reason") else ""
    message = f": {status['message']}" if status.get("message") else ""
    found = [f"{status['search_id']}  {status['state']}{reason}{message}"]
    if status.get("n_trials") is None:
        return found
    found.append(f"  progress    {_progress(status)}")
    if status["best_score"] is not None:
        found.append(
            f"  best        {status['metric']} {number(status['best_score'])}, of trial {status['best_trial']}"
        )
    found.append(
        f"  spent       {status['hours']:.2f} {status['hours_of']}-hours in {duration(status['seconds'])}"
    )
    if status.get("seconds_left") is not None:
        found.append(f"  time left   about {duration(status['seconds_left'])}")
    if status.get("workers"):
        found.append(f"  workers     {status['workers']}")
    if status.get("waits_for"):
        found.append(f"  waits for   {status['waits_for']}")
    if status.get("failures"):
        first = status["failures"][0]
        found.append(f"  failures    {status['n_failed']}, of these {first['n_trials']} {_failure(first)}")
    return found


def line(status: Status) -> str:
    """The same on one line, where there is no terminal."""
    parts = [f"{status['search_id']} {status['state']}"]
    if status.get("n_trials") is not None:
        parts.append(_progress(status))
        if status["best_score"] is not None:
            parts.append(f"best {status['metric']} {number(status['best_score'])}")
    if status.get("waits_for"):
        parts.append(f"waits for {status['waits_for']}")
    if status["state"] in ENDS and status.get("message"):
        parts.append(str(status["message"]))
    return " · ".join(parts)


def follow(ask: Callable[[], Status], as_json: bool = False, pause: float = WATCH_SECONDS) -> int:
    """Shows what `ask` gives until the search ends, in place on a terminal; gives its exit status."""
    on_terminal = sys.stdout.isatty() and not as_json
    n_lines, last = 0, ""
    while True:
        status = ask()
        if on_terminal:
            width = shutil.get_terminal_size().columns - 1
            shown = [text[:width] for text in lines(status)]  # one that wraps would be two
            back = _UP_AND_CLEAR.format(n_lines) if n_lines else ""
            sys.stdout.write(back + "".join(f"{text}\n" for text in shown))
            n_lines = len(shown)
        elif (text := json.dumps(status) if as_json else line(status)) != last:
            print(text)
            last = text
        sys.stdout.flush()
        if status["state"] in ENDS:
            return ENDS[status["state"]]
        time.sleep(pause)


def _progress(status: Status) -> str:
    planned = f" of {status['n_planned']}" if status["n_planned"] else ""
    parts = [f"{status['n_trials']}{planned} trials"]
    parts += [f"{status['n_stopped']} stopped early"] if status["n_stopped"] else []
    parts += [f"{status['n_failed']} failed"] if status["n_failed"] else []
    return ", ".join([*parts, f"{status['n_refits']} of {status['n_refits_planned']} refits of finalists"])


def _failure(failure: Mapping[str, Any]) -> str:
    message = str(failure["message"] or "").strip().splitlines()
    return f"{failure['reason']}{': ' + message[0][:200] if message else ''}"
