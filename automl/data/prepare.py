"""Data made ready for a search: read, checked, split, and encoded by what training rows taught."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

import numpy as np

from automl.data import checks, infer, values
from automl.data.given import Sources, read_sources
from automl.data.guide import check_groups, make_guide
from automl.data.preprocessing import Preprocessing, fit_images, fit_table
from automl.data.raw import RawData
from automl.data.splits import Guide, split_rows
from automl.data.target import classes_of, encode_target, infer_task, target_name
from automl.errors import DataError
from automl.spec import DataSpec, SplitSpec
from automl.task import Array, Rows, Signature, TargetScale, Task, TaskKind


@dataclass(frozen=True)
class Prepared:
    """Data ready for a search.

    Args:
        target_scale: of the training target for regression; else it changes nothing.
        fingerprint: SHA-256 of the content that was read, the same on every machine and under every path.
        split_id: 12 hex digits that stand for how the rows were split, and for what target.
        notes: what is to be said aloud, one sentence each.
    """

    name: str
    task: Task
    signature: Signature
    train: Rows
    validation: Rows
    test: Rows
    target_scale: TargetScale
    preprocessing: Preprocessing
    fingerprint: str
    split_id: str
    notes: tuple[str, ...]


def prepare(data: DataSpec, split: SplitSpec, task: TaskKind | Literal["auto"]) -> Prepared:
    """The data that a spec names, ready for a search.

    Raises:
        NotFoundError, UnreachableError: as `read`.
        DataError: what is wrong with the data, and what to do.
    """
    sources = read_sources(data, split)
    raw, index, notes = _rows_with_target(sources.raw, target_name(sources.raw, data.target))
    target = raw.target
    assert target is not None
    _check_names(raw, data, split, target)
    kind, said = infer_task(raw.frame[target], task)
    checks.enough_rows(len(raw), raw.name)
    used = raw.frame.drop(name for name, given in data.types.items() if given == "ignore")
    checks.finite(used if kind == "classification" else used.with_columns(values.as_number(used[target])))
    found = Task(kind, target, classes_of(raw.frame[target]) if kind == "classification" else ())
    guide, kept = make_guide(raw, index, sources, split, data, found)
    if len(kept) < len(raw):
        notes.append(f"a sample of {len(kept)} rows, as max_rows is {data.max_rows}")
    raw, index = _take(raw, kept), index[kept]
    splits = split_rows(len(raw), split, guide)
    check_groups(splits, guide, split)
    notes = [*sources.notes, *notes, *filter(None, [said])]
    preprocessing, found, more = _fit(raw, splits["train"], found, data, split)
    rows = {name: _encode(preprocessing, raw, positions, index, guide) for name, positions in splits.items()}
    sizes = ", ".join(f"{len(rows[name])} {name}" for name in ("train", "validation", "test"))
    notes += [*more, *checks.copies(_row_keys(raw), splits), f"rows: {sizes}"]
    return Prepared(
        raw.name,
        found,
        preprocessing.signature,
        rows["train"],
        rows["validation"],
        rows["test"],
        _target_scale(rows["train"].target, found),
        preprocessing,
        sources.fingerprint,
        _split_id(split, sources, found, data.max_rows),
        tuple(notes),
    )


def _rows_with_target(raw: RawData, target: str) -> tuple[RawData, Array, list[str]]:
    """The rows whose target is known, their places in the data as read, and what is to be said."""
    missing = raw.frame[target].is_null()
    n_missing = int(missing.sum())
    if n_missing == len(raw):
        raise DataError(f"The target {target} is missing in every row; choose a column that has values.")
    raw = replace(raw, target=target)
    index = np.flatnonzero(~missing.to_numpy())
    if n_missing == 0:
        return raw, index, []
    return _take(raw, index), index, [f"left out {n_missing} rows without {target}"]


def _take(raw: RawData, positions: Array) -> RawData:
    if len(positions) == len(raw):
        return raw
    images = None if raw.images is None else raw.images[positions]
    return replace(raw, frame=raw.frame[positions], images=images)


def _check_names(raw: RawData, data: DataSpec, split: SplitSpec, target: str) -> None:
    columns = raw.frame.columns
    checks.known_columns("data.types", data.types, columns)
    checks.known_columns("data.allow", data.allow, columns)
    checks.known_columns("split.by", [] if split.by is None else [split.by], columns)
    checks.known_columns("split.time", [] if split.time is None else [split.time], columns)
    if target in data.types:
        raise DataError(
            f"data.types gives the target {target} a type; set task instead, and leave it out there."
        )


def _fit(
    raw: RawData, positions: Array, task: Task, data: DataSpec, split: SplitSpec
) -> tuple[Preprocessing, Task, list[str]]:
    """The preprocessing that the training rows give, the task with the classes they have, and notes."""
    train = raw.frame[positions]
    if task.kind == "classification":
        checks.class_counts(train[task.target], 1)
        task = replace(task, classes=classes_of(train[task.target]))
    elif train[task.target].n_unique() < 2:
        raise DataError(
            f"The target {task.target} has the same value in every training row; there is nothing to learn."
        )
    if raw.images is not None:
        return fit_images(raw.images[positions], task), task, []
    types = infer.infer(train.drop(task.target), data.types)
    if split.by is not None and split.by not in data.types and split.by in types:
        types[split.by] = infer.Inferred("ignore", "the rows are split by it")
    checks.usable_columns(types)
    checks.no_leak(train, encode_target(train[task.target], task), task, types, data.allow)
    return fit_table(train, types, data.numbers, task), task, [infer.describe(types)]


def _encode(preprocessing: Preprocessing, raw: RawData, positions: Array, index: Array, guide: Guide) -> Rows:
    inputs = (
        preprocessing.encode_frame(raw.frame[positions])
        if raw.images is None
        else preprocessing.encode_images(raw.images[positions])
    )
    target = preprocessing.encode_target(raw.frame[positions])
    groups = None if guide.groups is None else guide.groups[positions]
    return Rows(inputs, target, index[positions].astype(np.int64), groups)


def _target_scale(target: Array, task: Task) -> TargetScale:
    if task.kind == "classification":
        return TargetScale()
    return TargetScale(float(target.mean()), float(target.std()))


def _row_keys(raw: RawData) -> Array:
    keys = raw.frame.hash_rows().to_numpy()
    if raw.images is None:
        return keys
    pixels = np.array([hash(image.tobytes()) for image in raw.images], np.int64)
    return keys ^ pixels.view(np.uint64)


def _split_id(split: SplitSpec, sources: Sources, task: Task, max_rows: int | None) -> str:
    """A short hash of all that decides which rows are where, the data itself apart."""
    settings = {
        **split.model_dump(),
        **{name: sources.given[name] for name in sources.given},
        "target": task.target,
        "task": task.kind,
        "max_rows": max_rows,
    }
    return sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
