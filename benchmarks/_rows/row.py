"""One row of the measurements of quality: which searches it runs, and what they have to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks._measure import Measure

Spec = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """A search that ended.

    Args:
        spec: as it was run.
        board: its leaderboard, finalists and baselines on the test rows.
        store: where it is recorded.
    """

    spec: Spec
    search_id: str
    board: pl.DataFrame
    trials: pl.DataFrame
    store: Path
    seconds: float

    @property
    def minimise(self) -> bool:
        return bool(self.board["goal"][0] == "min")

    @property
    def network(self) -> dict[str, Any]:
        """The finalist that `pull` would give: the best by validation, as means over its seeds."""
        finalists = self.board.filter(pl.col("kind") == "refit")
        return finalists.sort("validation_score", descending=not self.minimise).row(0, named=True)

    @property
    def configuration(self) -> str:
        """Of the best network, as JSON."""
        chosen = self.trials.filter(pl.col("trial") == self.network["trial"])
        return str(chosen["configuration"][0])

    def baseline(self, name: str) -> float | None:
        """The score of one baseline; None where it did not end."""
        found = self.board.filter(pl.col("entry") == name)
        return float(found["score"][0]) if found.height else None

    def best_baseline(self) -> tuple[str, float] | None:
        """The baseline with the best test score."""
        found = self.board.filter(pl.col("kind") == "baseline").sort("score", descending=not self.minimise)
        return (found["entry"][0], float(found["score"][0])) if found.height else None


@dataclass(frozen=True)
class Results:
    """What the searches of one row gave, by the names of its specs.

    Args:
        data: the folder of the development data.
        work: a folder to write into.
    """

    outcomes: Mapping[str, Outcome]
    data: Path | None
    work: Path
    quick: bool

    @property
    def only(self) -> Outcome:
        """The outcome of a row of one search."""
        (outcome,) = self.outcomes.values()
        return outcome


@dataclass(frozen=True)
class Row:
    """Some searches on one set of data, and how they are judged.

    Args:
        specs: of its searches by name, from the folder of the development data and that of `files`; nothing
            is read for them.
        judge: what they reached.
        files: writes what the product reads, where it cannot read the data as they are.
        minutes: of the whole row on two cores, by default.
        needs_data: whether it uses the development data.
    """

    specs: Callable[[Path, Path], Mapping[str, Spec]]
    judge: Callable[[Results], list[Measure]]
    files: Callable[[Path, Path, bool], None] | None = None
    minutes: float = 20.0
    needs_data: bool = True


def one(spec: Callable[[Path, Path], Spec]) -> Callable[[Path, Path], Mapping[str, Spec]]:
    """The specs of a row of one search."""
    return lambda data, work: {"search": spec(data, work)}
