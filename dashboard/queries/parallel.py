"""What the parallel coordinates draw: the best trials, and some of the others."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard.kept import query
from dashboard.queries.parameters import Parameter, table
from dashboard.snapshot import Snapshot

BEST = 250
OTHERS = 250
SEED = 0
MOST_AXES = 8  # beside the score


@dataclass(frozen=True)
class Lines:
    """The axes, and one line a trial, the worst first so that the best are drawn over them.

    Args:
        frame: trial, family, the column of each parameter, score.
        n_trials: of which these are some.
    """

    parameters: tuple[Parameter, ...]
    frame: pl.DataFrame
    n_trials: int


@query("trials", "epochs")
def lines(
    snapshot: Snapshot,
    search_id: str,
    family: str | None,
    rung: int | None,
    paths: tuple[str, ...],
    goal: str,
) -> Lines:
    """The lines of the best `BEST` trials that count and of `OTHERS` random others, always the same ones."""
    found = table(snapshot, search_id, family, rung)
    by_path = {one.path: one for one in found.parameters}
    chosen = tuple(by_path[path] for path in paths[:MOST_AXES] if path in by_path)
    loss = -pl.col("score") if goal == "max" else pl.col("score")
    rows = found.frame.filter("counts").sort(loss, "trial")
    others = rows[BEST:]
    if others.height > OTHERS:
        others = others.sample(OTHERS, seed=SEED)
    shown = pl.concat([rows.head(BEST), others]).sort(loss, "trial").reverse()
    return Lines(
        chosen, shown.select("trial", "family", *(one.column for one in chosen), "score"), rows.height
    )
