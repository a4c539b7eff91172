"""What the rows of a spec are to be split by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from automl.data import checks, values
from automl.data.given import Sources
from automl.data.raw import RawData
from automl.data.splits import Guide, sample_rows
from automl.data.target import encode_target
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec
from automl.task import Array, Task


def make_guide(
    raw: RawData, index: Array, sources: Sources, split: SplitSpec, data: DataSpec, task: Task
) -> tuple[Guide, Array]:
    """What the rows are split by, and the rows that are kept where `max_rows` asks for a sample."""
    has_classes = task.kind in ("classification", "anomaly", "representation")
    strata = encode_target(raw.frame, task) if has_classes else None
    part = sources.part[index]  # (rows,) 0 where the split is open, 1 validation, 2 test
    groups = _groups(raw.frame, split.by) if split.by is not None else None
    order = _order(raw.frame, split.time) if split.time is not None else None
    if has_classes:
        is_open = raw.frame[task.target].filter(pl.Series(part == 0))
        n_splits = 3 if 2 not in part else 2 if 1 not in part else 1
        checks.class_counts(is_open, n_splits if groups is None and order is None else 1)
    both = part if strata is None else part * len(task.classes) + strata
    kept = sample_rows(len(raw), data.max_rows, split.seed, both)
    part = part[kept]
    fixed = {
        name: np.flatnonzero(part == code) for code, name in ((1, "validation"), (2, "test")) if code in part
    }
    strata, groups, order = (None if array is None else array[kept] for array in (strata, groups, order))
    return Guide(strata, groups, order, fixed), kept


def _groups(frame: pl.DataFrame, name: str) -> Array:
    _none_missing(frame[name], "split.by")
    _, codes = np.unique(values.as_text(frame[name]).to_numpy().astype(str), return_inverse=True)
    return codes.astype(np.int64)


def _order(frame: pl.DataFrame, name: str) -> Array:
    column = frame[name]
    _none_missing(column, "split.time")
    order = values.as_time(column, None).dt.timestamp("us") if not column.dtype.is_numeric() else column
    if order.null_count():
        raise DataError(
            f"split.time names the column {name}, which should hold dates or numbers, but holds "
            f"{str(column[0])!r}. "
            "Write dates such as 2024-01-31, or split by another column."
        )
    return order.to_numpy()


def _none_missing(column: pl.Series, field: str) -> None:
    if column.null_count():
        raise DataError(
            f"{field} names the column {column.name}, which must be known in every row, but is missing in "
            f"{column.null_count()} of {len(column)}. Fill it in, or leave these rows out."
        )


def check_groups(splits: Mapping[str, Array], guide: Guide, split: SplitSpec) -> None:
    if guide.groups is None:
        return
    own = {name: set(guide.groups[positions].tolist()) for name, positions in splits.items()}
    shared = (
        (own["train"] & own["validation"]) | (own["train"] & own["test"]) | (own["validation"] & own["test"])
    )
    if shared:
        raise DataError(
            f"No value of {split.by} may stand in two splits, but {len(shared)} do in the splits that are "
            "given. "
            "Leave split.by out, or give other files."
        )
