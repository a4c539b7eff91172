"""One trial: its attempts, its place among the others, and at which rung it was stopped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from automl.errors import AutoMLError, NotFoundError
from automl.store.reading import ranked
from dashboard import words
from dashboard.kept import query
from dashboard.queries.naming import Named
from dashboard.queries.trials import trials
from dashboard.snapshot import Snapshot


@query("trials")
def attempts(snapshot: Snapshot, search_id: str, number: int) -> pl.DataFrame:
    """Every ended attempt at a trial, the first first; the last one stands for the trial."""
    rows = snapshot.scan("trials").filter(search_id=search_id, trial=number)
    return rows.sort("attempt").collect()


def begun(snapshot: Snapshot, named: Named) -> list[dict[str, Any]]:
    """Every attempt that the search's folder knows of, also one that runs; none where it knows nothing."""
    try:
        return snapshot.results.attempts(named.search_id, named.work)
    except NotFoundError:
        return []


@query("trials")
def place(snapshot: Snapshot, search_id: str, number: int) -> tuple[int | None, int]:
    """Its place among the complete trials of its search, from 1, and how many these are."""
    columns = ("search_id", "trial", "attempt", "state", "feasible", "goal", "score")
    order = ranked(trials(snapshot, search_id).select(columns)).select("trial").collect()["trial"].to_list()
    return (order.index(number) + 1 if number in order else None), len(order)


@query("trials")
def best(snapshot: Snapshot, search_id: str, but: int) -> dict[str, Any] | None:
    """The best trial of a search other than this one."""
    others = trials(snapshot, search_id).filter(pl.col("trial") != but)
    found = ranked(others).head(1).collect()
    return found.row(0, named=True) if found.height else None


@dataclass(frozen=True)
class Rung:
    """How a trial stood at the epoch at which it was stopped.

    Args:
        score: its best score up to there, which is what is compared.
        place: of that among all trials that have got there, from 1.
        n: how many these are.
        needed: the score of the last one that would go on among these, if one in `factor` does.
    """

    epoch: int
    score: float
    place: int
    n: int
    needed: float
    factor: int

    @property
    def would_go_on(self) -> bool:
        """Whether it is now among those that would; others that came later were worse."""
        return self.place <= max(1, self.n // self.factor)


@query("trials", "epochs", "searches")
def rung(snapshot: Snapshot, search_id: str, number: int, epoch: int, metric: str, goal: str) -> Rung | None:
    """How a trial that was stopped after an epoch stands there among all trials that have got there by now."""
    sign = -1.0 if goal == "max" else 1.0
    values = snapshot.scan("epochs").filter(
        pl.col("search_id") == search_id, pl.col("metric") == metric, pl.col("epoch") <= epoch
    )
    there = values.filter(pl.col("value").is_finite()).group_by("trial", "attempt")
    best_so_far = there.agg(loss=(pl.col("value") * sign).min(), last=pl.col("epoch").max())
    losses = dict(
        best_so_far.filter(last=epoch).group_by("trial").agg(pl.col("loss").min()).collect().iter_rows()
    )
    factor = _factor(snapshot, search_id)
    if number not in losses or factor is None:
        return None
    ordered, own = sorted(losses.values()), losses[number]
    needed = ordered[max(1, len(ordered) // factor) - 1]
    return Rung(epoch, sign * own, ordered.index(own) + 1, len(ordered), sign * needed, factor)


def _factor(snapshot: Snapshot, search_id: str) -> int | None:
    """Of how many trials one goes on at a rung; None where the search has no rungs, or does not say."""
    found = snapshot.scan("searches").filter(search_id=search_id).select("spec").collect()
    rungs = _inside(found["spec"].first(), "search", "rungs")
    factor = rungs.get("factor") if isinstance(rungs, dict) else None
    return factor if isinstance(factor, int) and factor > 1 else None


def _inside(text: Any, *names: str) -> Any:
    """What stands below these names in a JSON text; None where it does not."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return None
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


@dataclass(frozen=True)
class Target:
    """What a search predicts, as its description says: names of classes, of numbers, and steps ahead."""

    name: str = "value"
    classes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    horizon: int = 1

    def named(self, code: int) -> str:
        """A class by its code, for people."""
        return words.text(self.classes[code], 60) if 0 <= code < len(self.classes) else f"class {code}"


@query("searches")
def target(snapshot: Snapshot, search_id: str) -> Target:
    """What a search predicts; without names where its description cannot be read."""
    try:
        plain = snapshot.store.search(search_id).plain["task"]
        classes, targets = (tuple(map(str, plain.get(name, ()))) for name in ("classes", "targets"))
        return Target(str(plain["target"]), classes, targets, int(plain.get("horizon", 1)))
    except (AutoMLError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return Target()
