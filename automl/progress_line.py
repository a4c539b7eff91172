"""One line that says how far a search is; plain lines now and then where there is no terminal."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, TextIO

from automl.wording import number

if TYPE_CHECKING:
    from automl.resolved import Search
    from automl.study import Progress

PLAIN_SECONDS = 10.0  # between two lines where there is no terminal


class ProgressLine:
    """Shows the progress of a search on standard error; see `run.Watch`."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._began = time.monotonic()
        self._shown_at = -PLAIN_SECONDS
        self._shown = ""  # what is on the terminal, or in the last plain line
        self._latest = ""
        self._first_fraction: float | None = None

    def __call__(self, search: Search, progress: Progress) -> None:
        if self._first_fraction is None or (
            progress.fraction == self._first_fraction and not progress.n_running
        ):
            self._first_fraction = progress.fraction or 0.0
            self._began = time.monotonic()  # workers that are still starting say nothing about speed
        text = describe(search, progress, self._left(search, progress))
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write("\r\x1b[2K" + text[:width])
            self._stream.flush()
        elif text != self._shown and time.monotonic() - self._shown_at >= PLAIN_SECONDS:
            self._stream.write(text + "\n")
            self._stream.flush()
            self._shown_at = time.monotonic()
            self._shown = text
        self._latest = text

    def close(self) -> None:
        """Ends the line, with what it said last."""
        if self._terminal and self._latest:
            self._stream.write("\n")
        elif self._latest != self._shown:
            self._stream.write(self._latest + "\n")
        self._stream.flush()

    def _left(self, search: Search, progress: Progress) -> float | None:
        """Seconds to go, from the speed since this process began, and at most what the budget leaves."""
        first = self._first_fraction or 0.0
        gained = (progress.fraction or 0.0) - first
        if progress.fraction is None or gained <= 0.02:
            return None
        elapsed = time.monotonic() - self._began
        left = elapsed / gained * (1 - progress.fraction)
        limit = search.spec.budget.time
        return left if limit is None else max(0.0, min(left, limit * (1 - first) - elapsed))


def describe(search: Search, progress: Progress, left: float | None) -> str:
    """The line itself."""
    parts = [_PHASES[progress.phase]]
    ended = progress.n_complete + progress.n_stopped + progress.n_failed
    planned = f"/{progress.n_planned}" if progress.n_planned else ""
    counts = f"{ended}{planned} trials"
    detail = [f"{progress.n_running} running"] if progress.n_running else []
    detail += [f"{progress.n_stopped} stopped early"] if progress.n_stopped else []
    detail += [f"{progress.n_failed} failed"] if progress.n_failed else []
    parts.append(counts + (f" ({', '.join(detail)})" if detail else ""))
    if progress.phase in ("refit", "done") and progress.n_refits:
        parts.append(f"{progress.n_refits_done}/{progress.n_refits} refits")
    if progress.best_score is not None:
        objective = search.objectives[0]
        parts.append(f"best {objective.name} {number(progress.best_score)} ({progress.best_family})")
    if left is not None and progress.phase != "done":
        parts.append(f"about {duration(left)} left")
    return " · ".join(parts)


_PHASES = {
    "baselines": "baselines",
    "search": "searching",
    "refit": "training finalists again",
    "done": "done",
}


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(0.2), duration(42), duration(200), duration(7300)
    ('under 1 s', '42 s', '3 min', '2.0 h')
    """
    if seconds < 1:
        return "under 1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
