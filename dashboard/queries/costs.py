"""What quality costs: the entries of a board by one of their costs, and which of them nothing else beats."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from automl.metric import Goal
from automl.pareto import pareto
from dashboard import words
from dashboard.queries.board_table import what

MAX_MARKS = 500


@dataclass(frozen=True)
class Cost:
    """Something of which less is better.

    Args:
        column: of a board.
        title: with its unit.
    """

    column: str
    title: str


COSTS = {
    "training": Cost("train_seconds", "training, seconds"),
    "weights": Cost("n_parameters", "size, weights"),
    "bundle": Cost("bundle_bytes", "size of the bundle, bytes"),
    "latency": Cost("latency_ms", "latency, milliseconds a row"),
}


def known(board: pl.DataFrame) -> list[str]:
    """The costs that are known of an entry at least."""
    return [name for name, cost in COSTS.items() if (board[cost.column] > 0).any()]


def priced(board: pl.DataFrame, cost: Cost) -> pl.DataFrame:
    """The entries whose cost is known, the cheapest first: entry, what, family, score, cost, front.

    Args:
        board: as `boards.load` gives it; of a larger one than `MAX_MARKS` the best are shown, beside the front.
    """
    rows = board.filter(pl.col(cost.column) > 0, pl.col("score").is_finite()).select(
        pl.col("entry").map_elements(words.text, pl.String),
        what().alias("what"),
        pl.col("family").map_elements(words.text, pl.String),
        "score",
        pl.col(cost.column).cast(pl.Float64).alias("cost"),
    )
    goal: Goal = "min" if (board["goal"] == "min").any() else "max"
    front = pareto(rows.with_row_index("place"), {"score": goal, "cost": "min"})
    marked = rows.with_row_index("place").with_columns(front=pl.col("place").is_in(front["place"].to_list()))
    shown = marked.filter(pl.col("front") | (pl.col("place") < MAX_MARKS))
    return shown.drop("place").sort("cost", "score", "entry")
