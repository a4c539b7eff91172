"""Who gets how many workers: by priority, then fairly between users, then first come, first served.

Pure: a function of who asks and of what there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """What one worker takes of a machine.

    Args:
        gpus: a share of one, or whole ones.
    """

    cpus: float = 1.0
    gpus: float = 0.0


@dataclass(frozen=True)
class Asking:
    """A search that wants workers.

    Args:
        order: its place in the order of submission.
        workers: at most so many.
        running: how many it has now.
    """

    search_id: str
    user: str
    priority: int
    order: int
    workers: int
    need: Need = Need()
    running: int = 0


@dataclass(frozen=True)
class Grant:
    """What one search is given.

    Args:
        workers: how many it may have; fewer than it has means that it gives the others back at their next rung.
        waits_for: in words, what it waits for; None where it has a worker.
    """

    workers: int
    waits_for: str | None = None


def share_out(asking: Sequence[Asking], capacity: Need, most_searches: int = 1000) -> dict[str, Grant]:
    """The workers of each search.

    Those of the highest priority are served first. Within one priority each turn gives one worker to the user
    who has the least of the cluster so far, counted in shares of what there is, and of this user's searches
    to the one that was submitted first and has not all it wants. So a user of one search and a user of ten
    get the same, and nothing lies idle that anybody can use.

    Args:
        capacity: of the whole cluster.
        most_searches: that run at once; each has a driver.
    """
    given = {one.search_id: 0 for one in asking}
    used = Need(0.0, 0.0)
    by_user: dict[str, float] = {}
    n_begun = 0
    for priority in sorted({one.priority for one in asking}, reverse=True):
        open_ones = [one for one in asking if one.priority == priority]
        while open_ones:
            one = min(open_ones, key=lambda one: (by_user.get(one.user, 0.0), one.order))
            begins = given[one.search_id] == 0
            if (
                given[one.search_id] >= one.workers
                or not _fits(used, one.need, capacity)
                or (begins and n_begun >= most_searches)
            ):
                open_ones.remove(one)
                continue
            given[one.search_id] += 1
            n_begun += begins
            used = Need(used.cpus + one.need.cpus, used.gpus + one.need.gpus)
            by_user[one.user] = by_user.get(one.user, 0.0) + _share(one.need, capacity)
    return {
        one.search_id: Grant(given[one.search_id], _waits(one, given, asking, capacity)) for one in asking
    }


def _fits(used: Need, need: Need, capacity: Need) -> bool:
    slack = 1e-9
    return used.cpus + need.cpus <= capacity.cpus + slack and used.gpus + need.gpus <= capacity.gpus + slack


def _share(need: Need, capacity: Need) -> float:
    """How much of the cluster it is: by what there is least of."""
    parts = [need.cpus / capacity.cpus if capacity.cpus else 0.0]
    if capacity.gpus:
        parts.append(need.gpus / capacity.gpus)
    return max(parts)


def _waits(one: Asking, given: Mapping[str, int], asking: Sequence[Asking], capacity: Need) -> str | None:
    if given[one.search_id] or one.workers == 0:
        return None
    if not _fits(Need(0.0, 0.0), one.need, capacity):
        return (
            f"a worker of {one.need.cpus:g} CPUs and {one.need.gpus:g} GPUs: the cluster has "
            f"{capacity.cpus:g} CPUs and {capacity.gpus:g} GPUs in all"
        )
    before = [other for other in asking if given[other.search_id] and other is not one]
    higher = sum(other.priority > one.priority for other in before)
    if higher:
        return f"{higher} {'search' if higher == 1 else 'searches'} of a higher priority"
    n_given = sum(given[other.search_id] for other in before)
    return (
        f"a free worker: {n_given} are in use by {len(before)} {'search' if len(before) == 1 else 'searches'}"
    )
