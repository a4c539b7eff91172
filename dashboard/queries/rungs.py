"""How far trials got: how many reached each rung, and the curves of those that went on over those stopped."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from automl.store.reading import ranked
from dashboard.kept import query
from dashboard.queries.parameters import rungs
from dashboard.queries.trials import trials
from dashboard.snapshot import Snapshot

SURVIVORS = 50
STOPPED = 150
MOST_POINTS = 5000  # of all curves together
SEED = 0


@query("trials")
def reached(snapshot: Snapshot, search_id: str) -> pl.DataFrame:
    """One row a rung: epoch, n_reached, n_stopped; and one for the end, with epoch null and the complete trials."""
    ended = trials(snapshot, search_id).select("state", "n_epochs").collect()
    epochs = rungs(snapshot, search_id)
    stopped = ended.filter(pl.col("state") == "stopped")["n_epochs"]
    n_complete = ended.filter(pl.col("state") == "complete").height
    rows = []
    for place, epoch in enumerate(epochs):
        later = epochs[place + 1] if place + 1 < len(epochs) else float("inf")
        n_stopped = int(((stopped >= epoch) & (stopped < later)).sum())
        rows.append(
            {"epoch": epoch, "n_reached": int((ended["n_epochs"] >= epoch).sum()), "n_stopped": n_stopped}
        )
    schema = {"epoch": pl.Int64, "n_reached": pl.Int64, "n_stopped": pl.Int64}
    end = {"epoch": None, "n_reached": n_complete, "n_stopped": 0}
    return pl.DataFrame([*rows, end], schema=schema)


@dataclass(frozen=True)
class Curves:
    """Some learning curves.

    Args:
        frame: trial, family, state (complete or stopped), epoch, value.
        n_complete, n_stopped: of which these are some.
    """

    frame: pl.DataFrame
    n_complete: int
    n_stopped: int

    def n_shown(self, state: str) -> int:
        return int(self.frame.filter(state=state)["trial"].n_unique())


@query("trials", "epochs")
def curves(snapshot: Snapshot, search_id: str, metric: str) -> Curves:
    """The curves of the best `SURVIVORS` complete trials and of `STOPPED` random ones that were stopped, thinned."""
    rows = trials(snapshot, search_id).select(
        "trial", "attempt", "search_id", "family", "state", "score", "goal", "feasible"
    )
    complete = ranked(rows).collect()
    stopped = rows.filter(pl.col("state") == "stopped").sort("trial").collect()
    n_stopped = stopped.height
    if n_stopped > STOPPED:
        stopped = stopped.sample(STOPPED, seed=SEED)
    shown = pl.concat([stopped, complete.head(SURVIVORS)]).select("trial", "attempt", "family", "state")
    epochs = snapshot.scan("epochs").filter(
        pl.col("search_id") == search_id,
        pl.col("metric") == metric,
        pl.col("trial").is_in(shown["trial"].to_list()),
    )
    found = epochs.select("trial", "attempt", "epoch", "value").collect().join(shown, on=["trial", "attempt"])
    found = _thinned(found.filter(pl.col("value").is_finite()), rungs(snapshot, search_id))
    return Curves(
        found.select("trial", "family", "state", "epoch", "value").sort("trial", "epoch"),
        complete.height,
        n_stopped,
    )


def _thinned(found: pl.DataFrame, at_rungs: tuple[int, ...]) -> pl.DataFrame:
    """Every n-th epoch where there are too many points, and of each curve its ends and its rungs."""
    ends = (pl.col("epoch").min().over("trial"), pl.col("epoch").max().over("trial"))
    kept = pl.any_horizontal(*(pl.col("epoch") == end for end in ends), pl.col("epoch").is_in(at_rungs))
    room = max(1, MOST_POINTS - found.filter(kept).height)
    step = -(-found.height // room)
    return found.filter(kept | (pl.col("epoch") % step == 0))
