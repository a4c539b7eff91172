"""Why trials failed, and where in the space they did so more than elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from automl.wording import number
from dashboard.kept import query
from dashboard.queries.importance import group
from dashboard.queries.parameters import Parameter, Table, table
from dashboard.snapshot import Snapshot

LEAST = 5  # failures for one reason, to look for where they are
RARE = 0.05  # what chance gives less often than this, over all ranges that were looked at, is said to be more
NO_REASON = "no reason given"
NEGLIGIBLE = 1e-12
_RANGES = {
    **{"range": pl.String, "n_failed": pl.Int64, "n_trials": pl.Int64},
    **{"failed_share": pl.Float64, "share": pl.Float64},
}
_REASONS = {
    **{"reason": pl.String, "n": pl.Int64, "message": pl.String},
    **{"path": pl.String, "chance": pl.Float64},
    **_RANGES,
}


@dataclass(frozen=True)
class Ranges:
    """The ranges or categories of one parameter, in order.

    Args:
        group: the range of each trial, -1 where it does not have the parameter.
    """

    path: str
    names: list[str]
    group: NDArray[np.int64]

    def counts(self, failed: NDArray[np.bool_]) -> pl.DataFrame:
        """One row a range: range, n_failed, n_trials, failed_share, share; of the trials that have the parameter."""
        has = self.group >= 0
        n_trials = np.bincount(self.group[has], minlength=len(self.names))
        n_failed = np.bincount(self.group[has & failed], minlength=len(self.names))
        shares = (n_failed / max(1, n_failed.sum()), n_trials / max(1, n_trials.sum()))
        return pl.DataFrame([self.names, n_failed, n_trials, *shares], schema=_RANGES)


@query("trials")
def failures(snapshot: Snapshot, search_id: str) -> pl.DataFrame:
    """One row a reason, the most frequent first: reason, n, message (of the first trial), and where they are.

    `path` and `range` are null where fewer than `LEAST` failed so; `failed_share` of these failures are in that
    range, and `share` of all trials; `chance` bounds how likely chance alone puts as many into some range.
    """
    found = table(snapshot, search_id)
    reasons = _reasons(found)
    names = reasons.drop_nulls().unique(maintain_order=True).to_list()
    ranges = [cut(one, found.frame[one.column]) for one in found.parameters] if names else []
    rows = [_reason(found, name, (reasons == name).fill_null(False), ranges) for name in names]
    frame = pl.DataFrame(rows, schema=_REASONS, orient="row")
    return frame.sort("n", "reason", descending=[True, False])


@query("trials")
def where(snapshot: Snapshot, search_id: str, reason: str, path: str) -> pl.DataFrame:
    """What `Ranges.counts` gives for one reason and one parameter of a search; nothing where there are none."""
    found = table(snapshot, search_id)
    failed = (_reasons(found) == reason).fill_null(False).to_numpy()
    parameters = [one for one in found.parameters if one.path == path]
    if not parameters:
        return pl.DataFrame(schema=_RANGES)
    return cut(parameters[0], found.frame[parameters[0].column]).counts(failed)


def cut(parameter: Parameter, values: pl.Series) -> Ranges:
    """The ranges of a number hold about as many trials each; categories stay as they are."""
    has = values.is_not_null().to_numpy()
    there = values.drop_nulls()
    of_each = np.full(len(values), -1, dtype=np.int64)
    if len(there) == 0:
        return Ranges(parameter.path, [], of_each)
    of_each[has] = group(there, parameter.is_number)
    frame = pl.DataFrame({"group": of_each[has], "value": there})
    value = pl.col("value")
    ends = frame.group_by("group").agg(value.min().alias("low"), value.max().alias("high")).sort("group")
    rows = ends.select("low", "high").iter_rows()
    return Ranges(parameter.path, [_range(low, high, parameter.is_number) for low, high in rows], of_each)


def _range(low: Any, high: Any, is_number: bool) -> str:
    if not is_number:
        return str(low)
    ends = [number(float(f"{end:.3g}")) for end in (low, high)]  # three digits tell ranges apart
    return ends[0] if low == high else " … ".join(ends)


def _reasons(found: Table) -> pl.Series:
    """Why each trial failed; null where it did not."""
    failed = pl.col("state") == "failed"
    reason = pl.when(failed).then(pl.col("reason").fill_null(NO_REASON))
    return found.frame.select(reason.alias("reason")).to_series()


def _reason(found: Table, name: str, failed: pl.Series, ranges: list[Ranges]) -> dict[str, Any]:
    messages = found.frame["message"].filter(failed).drop_nulls().head(1).to_list()
    n = int(failed.sum())
    row: dict[str, Any] = dict.fromkeys(_REASONS)
    row |= {"reason": name, "n": n, "message": messages[0] if messages else None}
    return row | (_most_over(ranges, failed.to_numpy()) if n >= LEAST else {})


def _most_over(ranges: list[Ranges], failed: NDArray[np.bool_]) -> dict[str, Any]:
    """The range that holds the most failures over what its share of the trials gives, in standard deviations."""
    best, most = {}, 0.0
    for one in ranges:
        counted = one.counts(failed)
        n, share = int(counted["n_failed"].sum()), pl.col("share")
        over = (pl.col("n_failed") - n * share) / (n * share * (1 - share)).sqrt()
        first = counted.with_columns(over.fill_nan(0.0).alias("over")).sort("over", descending=True).head(1)
        for row in first.filter(pl.col("over") > most).to_dicts():
            most = row.pop("over")
            likely = tail(row["n_failed"], row["n_trials"], n, int(counted["n_trials"].sum()))
            best = {"path": one.path, "chance": likely, **row}
    n_ranges = sum(len(one.names) for one in ranges)
    return best | {"chance": min(1.0, best["chance"] * n_ranges)} if best else {}


def tail(n_both: int, n_in_range: int, n_failed: int, n_trials: int) -> float:
    """How likely chance alone puts so many of the failures into a range, or more: Fisher's exact test, one-sided.

    >>> round(tail(3, 3, 3, 6), 4)  # one of the 20 ways to choose 3 of 6
    0.05
    """
    ways, total = _choose(n_trials, n_in_range), 0.0
    for k in range(n_both, min(n_in_range, n_failed) + 1):
        term = math.exp(_choose(n_failed, k) + _choose(n_trials - n_failed, n_in_range - k) - ways)
        total += term
        if term <= NEGLIGIBLE * total and k > n_failed * n_in_range / n_trials:
            break  # beyond the middle each further one is less likely
    return min(1.0, total)


def _choose(n: int, k: int) -> float:
    """The logarithm of the number of ways to choose k of n."""
    if not 0 <= k <= n:
        return -math.inf
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
