"""The last lines that were logged of one trial or refit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automl.errors import NotFoundError
from dashboard.queries.naming import Named
from dashboard.snapshot import Snapshot

MAX_LINES = 200
MAX_LOGS = 8  # that are looked through
MOST_BYTES = 4 * 2**20  # of each, its end


@dataclass(frozen=True)
class Tail:
    """The last lines, the oldest first.

    Args:
        looked_at: the names of the logs that were looked through.
        cut: whether the beginning of one was not looked at.
    """

    lines: list[str]
    looked_at: list[str]
    cut: bool


def tail(snapshot: Snapshot, named: Named, workers: Sequence[str]) -> Tail:
    """The last `MAX_LINES` lines of a trial or refit in the logs of its workers; of all where none is known."""
    try:
        names = snapshot.results.log_names(named.search_id)
    except NotFoundError:  # the tables hold the search, and its folder is gone
        return Tail([], [], False)
    own = [name for name in names if name.removeprefix("worker-").removesuffix(".log") in workers]
    looked_at, lines, cut = (own or names)[:MAX_LOGS], [], False
    for name in looked_at:
        n_bytes = (snapshot.store.search(named.search_id).place / "logs" / name).n_bytes()
        offset = max(0, n_bytes - MOST_BYTES)
        cut = cut or offset > 0
        while True:
            text, after = snapshot.results.attempt_lines(named.search_id, name, offset, named.work)
            lines += text.splitlines()
            if after == offset:
                break
            offset = after
    return Tail(sorted(lines, key=lambda line: line[:23])[-MAX_LINES:], looked_at, cut)
