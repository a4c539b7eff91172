"""Long curves with fewer points, in which no peak is lost."""

from __future__ import annotations

import polars as pl

MAX_POINTS = 400  # of one curve


def thinned(curve: pl.DataFrame, most: int = MAX_POINTS) -> pl.DataFrame:
    """A curve with at most so many points: its ends, and the least and the greatest value of each stretch.

    Args:
        curve: epoch, value; by epoch.

    >>> thinned(pl.DataFrame({"epoch": [1, 2, 3, 4, 5, 6], "value": [0, 9, 1, 2, -9, 3]}), 4)["epoch"].to_list()
    [1, 2, 5, 6]
    """
    if curve.height <= most:
        return curve
    n_stretches = max(1, (most - 2) // 2)
    numbered = curve.with_row_index("place")
    inner = numbered.slice(1, curve.height - 2).with_columns(
        stretch=(pl.col("place") - 1) * n_stretches // (curve.height - 2)
    )
    by_value = [pl.col("place").sort_by("value").first(), pl.col("place").sort_by("value").last()]
    ends = inner.group_by("stretch").agg(least=by_value[0], greatest=by_value[1])
    kept = {0, curve.height - 1, *ends["least"].to_list(), *ends["greatest"].to_list()}
    return numbered.filter(pl.col("place").is_in(sorted(kept))).drop("place")
