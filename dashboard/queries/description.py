"""What a search was told: its parameters, its rungs and its objectives, as far as its description can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from automl.errors import AutoMLError
from automl.metric import Goal
from automl.space import Choice, Leaf, is_number, leaves
from automl.space_notation import from_plain
from dashboard.kept import query
from dashboard.snapshot import Snapshot

Kind = Literal["number", "choice"]


@dataclass(frozen=True)
class Scale:
    """How the values of a parameter are ordered: as numbers, perhaps by their logarithm, or not at all."""

    kind: Kind
    log: bool = False


@dataclass(frozen=True)
class Description:
    """Of a search.

    Args:
        scales: of every open parameter by its path, in the order of the spaces.
        rungs: epoch counts at which trials are compared.
        objectives: the first is the primary one.
    """

    scales: Mapping[str, Scale]
    rungs: tuple[int, ...]
    objectives: tuple[tuple[str, Goal], ...]


def description(snapshot: Snapshot, search_id: str) -> Description | None:
    """The description of a search; None where it is missing or damaged, which the tables do without."""
    try:
        return _description(snapshot, search_id)
    except (AutoMLError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


@query()
def _description(snapshot: Snapshot, search_id: str) -> Description:
    plain = snapshot.store.search(search_id).plain
    found: dict[str, list[Leaf]] = {}
    for path, leaf in _leaves(plain["families"]):
        found.setdefault(path, []).append(leaf)
    return Description(
        scales={path: scale(of_families) for path, of_families in found.items()},
        rungs=tuple(int(epoch) for epoch in plain["rungs"]),
        objectives=tuple((str(one["name"]), one["goal"]) for one in plain["objectives"]),
    )


def _leaves(families: list[dict[str, Any]]) -> Iterator[tuple[str, Leaf]]:
    for family in families:
        yield from leaves(from_plain(family["space"]))


def scale(of_families: list[Leaf]) -> Scale:
    """One scale for a parameter that several families have, each with a range of its own.

    >>> from automl.space import Float, Int
    >>> scale([Float(1e-5, 1e-1, log=True), Float(1e-4, 1e-2)]), scale([Int(1, 4), Choice(("a", "b"))])
    (Scale(kind='number', log=True), Scale(kind='choice', log=False))
    """
    ranges = [leaf for leaf in of_families if not isinstance(leaf, Choice)]
    choices = [leaf for leaf in of_families if isinstance(leaf, Choice)]
    named = any(not all(map(is_number, choice.names)) for choice in choices)
    if named or not ranges:
        return Scale("choice")
    return Scale("number", any(leaf.log for leaf in ranges))
