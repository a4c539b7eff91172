"""Learning curves of the best trials."""

from __future__ import annotations

import polars as pl

from automl.store.reading import ranked
from dashboard.kept import query
from dashboard.queries.trials import trials
from dashboard.snapshot import Snapshot

MAX_CURVES = 10
MAX_POINTS = 400  # of one learning curve
_RANKED_BY = ("search_id", "trial", "attempt", "family", "state", "feasible", "goal", "score")


@query("trials", "epochs")
def curves(snapshot: Snapshot, search_id: str, metric: str) -> pl.DataFrame:
    """Learning curves of the best trials in one metric: trial, family, epoch, value, place (1 is the best).

    Of a long curve every n-th epoch is given, and the last.
    """
    best = ranked(trials(snapshot, search_id).select(_RANKED_BY)).head(MAX_CURVES)
    places = best.select("trial", "attempt", "family").collect().with_row_index("place", offset=1)
    epochs = snapshot.scan("epochs").filter(
        pl.col("search_id") == search_id,
        pl.col("metric") == metric,
        pl.col("trial").is_in(places["trial"].to_list()),
    )
    found = epochs.collect().join(places, on=["trial", "attempt"]).filter(pl.col("value").is_finite())
    last = pl.col("epoch").max().over("trial")
    kept = (
        (pl.col("epoch") % (last // MAX_POINTS + 1) == 0) | (pl.col("epoch") == last) | (pl.col("epoch") == 1)
    )
    return found.filter(kept).select("place", "trial", "family", "epoch", "value").sort("place", "epoch")
