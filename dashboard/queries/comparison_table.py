"""The results and parameters of several trials as one table, a trial a column."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import polars as pl

from automl import catalog
from automl.wording import number
from dashboard import words
from dashboard.queries.comparison import Column
from dashboard.queries.differences import parameters, written

_NOTHING = number(None)  # where a trial has no such thing
_COSTS = ("n_parameters", "latency_ms", "train_seconds")  # among the scores, and with rows of their own


def heads(columns: Sequence[Column]) -> dict[str, str]:
    """What stands above each column; the number of a trial is never cut off, and no two are the same."""
    found: dict[str, str] = {}
    for place, column in enumerate(columns, start=1):
        head = f"{words.text(column.named.search_id, 40)}/{column.named.work}"
        found[column.name] = f"{head} ({place})" if head in found.values() else head
    return found


def table(columns: Sequence[Column], only_differing: bool) -> pl.DataFrame:
    """One line a result or parameter, one column a trial: mark, kind, what, and then by name; all are texts.

    Args:
        only_differing: leave out lines that say the same of all.
    """
    given = [parameters(column.trial["parameters"]) for column in columns]
    several = len({column.block[:2] for column in columns}) > 1
    values_of = {
        "result": [_results(column, several) for column in columns],
        "parameter": [{name: written(value) for name, value in one.items()} for one in given],
    }
    lines = []
    for kind, group in values_of.items():
        found = dict.fromkeys(name for values in group for name in values)
        for name in found if kind == "result" else sorted(found):
            cells = [words.text(values.get(name, _NOTHING), 80) for values in group]
            same = len(set(cells)) == 1
            if not (same and only_differing):
                lines.append(("same" if same else "≠ differs", kind, words.text(name, 80), *cells))
    names = ["mark", "kind", "what", *(column.name for column in columns)]
    return pl.DataFrame(lines, schema=dict.fromkeys(names, pl.String), orient="row")


def _results(column: Column, several: bool) -> dict[str, str]:
    """What came of a trial or refit, by what it is called.

    Args:
        several: whether the columns are of several data sets or splits; then scores carry theirs, so that no two
            are mixed.
    """
    row, head = column.trial, column.search
    where = (
        f" · {head['dataset']} ({head['fingerprint'][:8]}, split {head['split_id'][:8]})" if several else ""
    )
    scores = column.scores
    if column.named.refit is None:
        measured = parameters(row["scores"]) | {row["metric"]: row["score"]}
        scores = tuple(
            ("validation", name, value)
            for name, value in sorted(measured.items())
            if isinstance(value, int | float) and name not in _COSTS
        )
    return {
        "data set": head["dataset"],
        "task": head["task"],
        "family": row["family"],
        "state": words.state(row["state"]) + (f" ({row['reason']})" if row["reason"] else ""),
        **{f"{split} {_with_arrow(metric)}{where}": number(value) for split, metric, value in scores},
        "epochs": written(row["n_epochs"]),
        "best epoch": _or_dash(row["best_epoch"]),
        "training (s)": number(row["train_seconds"]),
        "weights": _NOTHING if row["n_parameters"] is None else f"{row['n_parameters']:,}",
        "latency (ms)": number(row["latency_ms"]),
        "peak memory (MB)": number(
            None if row["peak_memory_bytes"] is None else row["peak_memory_bytes"] / 1e6
        ),
        "seed": str(row["seed"]),
        "origin": row["origin"],
        "device": row["device"],
    }


def _with_arrow(metric: str) -> str:
    known = metric in catalog.names("metric")
    return f"{metric} {words.arrow(catalog.metric(metric).goal)}" if known else metric


def _megabytes(n_bytes: int | None) -> str:
    return _NOTHING if n_bytes is None else f"{n_bytes / 1e6:,.0f}"


def _or_dash(value: Any) -> str:
    return _NOTHING if value is None else str(value)


def as_csv(frame: pl.DataFrame) -> bytes:
    """The table as a file; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    buffer = io.BytesIO()
    risky = pl.all().str.contains(r"^[=+@]|^-[^0-9.]")
    frame.with_columns(pl.when(risky).then("'" + pl.all()).otherwise(pl.all()).name.keep()).write_csv(buffer)
    return buffer.getvalue()
