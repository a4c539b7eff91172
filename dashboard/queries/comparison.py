"""Several trials side by side, also of different searches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from automl.store.reading import latest_attempts
from dashboard.kept import query
from dashboard.queries.naming import Named, named
from dashboard.queries.refits import refit
from dashboard.queries.searches import search
from dashboard.queries.thinning import thinned
from dashboard.snapshot import Snapshot

MAX_TRIALS = 20
_INNER = (0.05, 0.95)  # quantiles of the values of curves
_FAR = 1.0  # times the distance of these, from which on a value lies out
MAX_POINTS = 120  # of one curve, so that those of all fit into a page


@dataclass(frozen=True)
class Column:
    """One trial or refit of a comparison, with the row of its trial and of its search."""

    named: Named
    trial: dict[str, Any]
    search: dict[str, Any]
    scores: tuple[tuple[str, str, float], ...] = ()  # of a refit: split, metric, score

    @property
    def name(self) -> str:
        return str(self.named)

    @property
    def block(self) -> tuple[str, str, str]:
        """What must be equal for scores to be compared."""
        return (self.search["fingerprint"], self.search["split_id"], self.trial["metric"])


@dataclass(frozen=True)
class Asked:
    """What an address asks to compare.

    Args:
        found: what there is, in the order asked for, each once.
        unknown: texts that name nothing in the store, or nothing at all.
        n_cut: how many were left out behind `MAX_TRIALS`.
    """

    found: list[Column]
    unknown: list[str]
    n_cut: int


def split_ids(text: str) -> list[str]:
    """The ids in an address, each once, in their order.

    >>> split_ids("a/1, b/2,,a/1")
    ['a/1', 'b/2']
    """
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def asked(snapshot: Snapshot, ids: Sequence[str]) -> Asked:
    """What these ids name, as far as the store holds it."""
    kept, found, unknown = ids[:MAX_TRIALS], [], []
    for text in kept:
        one = named(text)
        column = None if one is None else _column(snapshot, one)
        if column is None:
            unknown.append(text)
        else:
            found.append(column)
    return Asked(found, unknown, len(ids) - len(kept))


def _column(snapshot: Snapshot, one: Named) -> Column | None:
    row, head = _trial(snapshot, one.search_id, one.trial), search(snapshot, one.search_id)
    if row is None or head is None:
        return None
    if one.refit is None:
        return Column(one, row, head)
    scores = refit(snapshot, one)
    if not scores.height:
        return None
    first = scores.row(0, named=True)
    own = ("seed", "n_epochs", "n_parameters", "train_seconds", "latency_ms", "bundle_bytes")
    ended = {"state": "complete", "reason": None, "best_epoch": None, "peak_memory_bytes": None}
    triples = tuple(scores.select("split", "metric", "score").iter_rows())
    return Column(one, row | ended | {name: first[name] for name in own}, head, triples)


@query("trials")
def _trial(snapshot: Snapshot, search_id: str, trial: int) -> dict[str, Any] | None:
    rows = snapshot.scan("trials").filter(search_id=search_id, trial=trial)
    found = latest_attempts(rows, ("search_id", "trial")).collect()
    return found.row(0, named=True) if found.height else None


def blocks(columns: Sequence[Column]) -> list[tuple[tuple[str, str, str], list[Column]]]:
    """The columns by what their scores can be compared within, in order of appearance."""
    found: dict[tuple[str, str, str], list[Column]] = {}
    for column in columns:
        found.setdefault(column.block, []).append(column)
    return list(found.items())


@query("epochs")
def curve(snapshot: Snapshot, search_id: str, trial: int, attempt: int, metric: str) -> pl.DataFrame:
    """One curve of one trial, thinned: epoch, value."""
    rows = snapshot.scan("epochs").filter(
        pl.col("search_id") == search_id,
        pl.col("trial") == trial,
        pl.col("attempt") == attempt,
        pl.col("metric") == metric,
        pl.col("value").is_finite(),
    )
    return thinned(rows.sort("epoch").select("epoch", "value").collect(), MAX_POINTS)


def curves(snapshot: Snapshot, columns: Sequence[Column], metric: str) -> pl.DataFrame:
    """The curves of these trials in one metric: trial (its name), epoch, value."""
    frames = [pl.DataFrame(schema={"trial": pl.String, "epoch": pl.Int64, "value": pl.Float64})]
    for column in columns:
        if column.named.refit is None:
            row = column.trial
            found = curve(snapshot, row["search_id"], row["trial"], row["attempt"], metric)
            frames.append(found.select(pl.lit(column.name).alias("trial"), "epoch", "value"))
    return pl.concat(frames)


def without_outliers(values: pl.Series) -> tuple[float, float] | None:
    """The range to draw where a few values lie so far out that nothing else could be told apart; else None.

    >>> without_outliers(pl.Series([*range(100), 10_000]))
    (0.0, 99.0)
    >>> without_outliers(pl.Series(range(100))) is None
    True
    """
    low, high = (float(values.quantile(share) or 0.0) for share in _INNER)
    far = _FAR * (high - low)
    inner = values.filter((values >= low - far) & (values <= high + far))
    if low == high or inner.len() in (0, values.len()):
        return None
    return float(min(inner)), float(max(inner))
