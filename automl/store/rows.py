"""The rows of every table; the Polars schemas are derived from these types and written nowhere else.

A row that is there counts for ever. Scores stand in their natural sign. `schema_version` is the
version of the row types; readers accept rows from before a column was added.
"""

from __future__ import annotations

import types
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

import polars as pl

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class SearchRow:
    """One search: what it is, how far it got, and its best trial so far."""

    schema_version: int = SCHEMA_VERSION
    search_id: str
    name: str
    state: str
    reason: str | None = None
    message: str | None = None
    term: int
    dataset: str
    fingerprint: str
    split_id: str
    task: str
    metric: str
    goal: str
    families: list[str]
    n_trials: int = 0
    n_complete: int = 0
    n_stopped: int = 0
    n_failed: int = 0
    n_refits: int = 0
    n_planned: int | None = None
    best_trial: int | None = None
    best_score: float | None = None
    train_seconds: float = 0.0
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    spec: str
    version: str


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    """One ended attempt at a trial; `score` is the primary objective on the validation rows."""

    schema_version: int = SCHEMA_VERSION
    search_id: str
    trial: int
    attempt: int
    term: int
    state: str
    reason: str | None = None
    message: str | None = None
    family: str
    origin: str
    configuration: str
    parameters: str
    seed: int
    metric: str
    goal: str
    score: float | None = None
    scores: str
    feasible: bool = True
    n_epochs: int
    best_epoch: int | None = None
    n_parameters: int | None = None
    micro_batches: int = 1
    started_at: datetime
    ended_at: datetime
    train_seconds: float
    latency_ms: float | None = None
    peak_memory_bytes: int | None = None
    worker: str
    device: str
    bundle: str | None = None
    bundle_bytes: int | None = None
    bundle_removed: bool = False
    version: str


@dataclass(frozen=True, kw_only=True)
class EpochRow:
    """One metric after one epoch of an attempt; `metric` ``train_loss`` is the mean training loss."""

    schema_version: int = SCHEMA_VERSION
    search_id: str
    trial: int
    attempt: int
    epoch: int
    metric: str
    value: float


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One metric of one refit or baseline on one split.

    `entry` names what is compared on a leaderboard: ``<search_id>/<trial>``, or the baseline's name.
    """

    schema_version: int = SCHEMA_VERSION
    search_id: str
    entry: str
    kind: str
    trial: int | None = None
    seed: int
    attempt: int
    family: str
    dataset: str
    fingerprint: str
    split_id: str
    task: str
    split: str
    metric: str
    goal: str
    score: float
    n_rows: int
    n_epochs: int
    n_parameters: int | None = None
    train_seconds: float
    latency_ms: float | None = None
    bundle: str | None = None
    bundle_bytes: int | None = None
    ended_at: datetime
    version: str


@dataclass(frozen=True, kw_only=True)
class PredictionRow:
    """What one refit or baseline predicted for every row of one split, as lists in row order.

    `prediction` holds `n_outputs` numbers a row, row by row: one value for regression, else for example
    the probabilities of the classes; `target` likewise, as many numbers a row as its length says. `group`
    holds the group codes where the split is by group, else nothing; `scales` JSON of `Task.scales`.
    """

    schema_version: int = SCHEMA_VERSION
    search_id: str
    entry: str
    kind: str
    trial: int | None = None
    seed: int
    attempt: int
    fingerprint: str
    split_id: str
    split: str
    n_outputs: int
    row: list[int]
    target: list[float]
    prediction: list[float]
    group: list[int]
    scales: str = "{}"


Row = SearchRow | TrialRow | EpochRow | ScoreRow | PredictionRow
TABLES: dict[str, type] = {  # name of the table: type of its rows
    "searches": SearchRow,
    "trials": TrialRow,
    "epochs": EpochRow,
    "scores": ScoreRow,
    "predictions": PredictionRow,
}

_TYPES: dict[Any, Any] = {
    int: pl.Int64,
    float: pl.Float64,
    str: pl.String,
    bool: pl.Boolean,
    datetime: pl.Datetime("us", "UTC"),
    list[int]: pl.List(pl.Int64),
    list[float]: pl.List(pl.Float64),
    list[str]: pl.List(pl.String),
}


def schema(row_type: type) -> pl.Schema:
    """The Polars schema of a row type.

    >>> schema(EpochRow)["value"]
    Float64
    """
    hints = get_type_hints(row_type)
    return pl.Schema({field.name: _TYPES[_required(hints[field.name])] for field in fields(row_type)})


def _required(hint: Any) -> Any:
    """The type without ``| None``: every column of a table may be null."""
    if get_origin(hint) in (types.UnionType, Union):
        return next(part for part in get_args(hint) if part is not type(None))
    return hint
