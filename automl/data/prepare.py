"""Data made ready for a search: read, checked, split, and encoded by what training rows taught."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

import numpy as np

from automl.data import checks, values
from automl.data.given import Sources, read_sources
from automl.data.guide import check_groups, make_guide
from automl.data.kinds import all_kinds, converted
from automl.data.preprocessing import Preprocessing
from automl.data.ragged import Ragged
from automl.data.raw import RawData, fingerprint
from automl.data.read import read
from automl.data.series.tables import first_rows
from automl.data.splits import Guide, split_rows
from automl.data.target import encode_target, infer_task, target_names, task_of
from automl.errors import DataError
from automl.signature import Signature
from automl.spec import DataSpec, SplitSpec
from automl.task import NUMERIC, Array, Rows, TargetScale, Task, TaskKind


@dataclass(frozen=True)
class Prepared:
    """Data ready for a search.

    Args:
        target_scale: of the training targets where they are numbers; else it changes nothing.
        fingerprint: SHA-256 of the content that was read, the same on every machine and under every path.
        split_id: 12 hex digits that stand for how the rows were split, and for what target.
        notes: what is to be said aloud, one sentence each.
        unlabelled: more rows to train on first without labels, with `unlabelled_fingerprint`.
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
    unlabelled: Rows | None = None
    unlabelled_fingerprint: str = ""


def prepare(data: DataSpec, split: SplitSpec, task: TaskKind | Literal["auto"]) -> Prepared:
    """The data that a spec names, ready for a search.

    Raises:
        NotFoundError, UnreachableError: as `read`.
        DataError: what is wrong with the data, and what to do.
    """
    sources = read_sources(data, split)
    if task == "forecasting" or (task == "auto" and data.horizon is not None):
        from automl.data.series.forecasting import prepare_forecast

        return prepare_forecast(sources, data, split)
    targets = target_names(sources.raw, data.target, task)
    raw, index, notes = _rows_with_targets(sources.raw, targets, task)
    _check_names(raw, data, split, targets)
    table, (raw, said) = raw, converted(raw, targets, data)
    notes.append(said)
    kind, said = infer_task(raw.frame, targets, task)
    if raw.kind == "series" and data.series is not None:  # many rows of a long table have become one
        index = index[first_rows(table.frame, data.series, sources.part[index])]
    checks.enough_rows(len(raw), raw.name)
    _check_finite(raw, targets, kind, data)
    found, more = task_of(raw.frame, targets, kind, data)
    guide, kept = make_guide(raw, index, sources, split, data, found)
    notes = [*sources.notes, *notes, said, more]
    if len(kept) < len(raw):
        notes.append(f"a sample of {len(kept)} rows, as max_rows is {data.max_rows}")
        raw, index = raw.take(kept), index[kept]
    splits = split_rows(len(raw), split, guide)
    check_groups(splits, guide, split)
    preprocessing, said_of_encoder = _fit(raw.take(splits["train"]), targets, kind, data, split)
    rows = {name: _encode(preprocessing, raw, at, index, guide) for name, at in splits.items()}
    unlabelled, print_of_it, said = _unlabelled(preprocessing, data)
    sizes = ", ".join(f"{len(rows[name])} {name}" for name in ("train", "validation", "test"))
    notes += [*said_of_encoder, *checks.copies(_row_keys(raw), splits), said, f"rows: {sizes}"]
    return Prepared(
        raw.name,
        preprocessing.task,
        preprocessing.signature,
        rows["train"],
        rows["validation"],
        rows["test"],
        target_scale(rows["train"].target, preprocessing.task),
        preprocessing,
        sources.fingerprint,
        split_id(split, sources, preprocessing.task, data.max_rows),
        tuple(filter(None, notes)),
        unlabelled,
        print_of_it,
    )


def _rows_with_targets(
    raw: RawData, targets: list[str], task: TaskKind | str
) -> tuple[RawData, Array, list[str]]:
    """The rows whose targets are known, their places in the data as read, and what is to be said."""
    index = np.arange(len(raw))
    if not targets or (task == "multilabel" and len(targets) == 1):  # a row may well have no label
        return raw, index, []
    name = ", ".join(targets)
    missing = np.any([raw.frame[target].is_null().to_numpy() for target in targets], axis=0)
    n_missing = int(missing.sum())
    if n_missing == len(raw):
        raise DataError(f"The target {name} is missing in every row; choose a column that has values.")
    raw = replace(raw, target=targets[0])
    if n_missing == 0:
        return raw, index, []
    index = np.flatnonzero(~missing)
    return raw.take(index), index, [f"left out {n_missing} rows without {name}"]


def _check_names(raw: RawData, data: DataSpec, split: SplitSpec, targets: list[str]) -> None:
    columns = raw.frame.columns
    for field in ("time", "series"):
        name = getattr(data, field)
        checks.known_columns(f"data.{field}", [] if name is None else [name], columns)
    checks.known_columns("data.types", data.types, columns)
    checks.known_columns("data.allow", data.allow, columns)
    checks.known_columns("split.by", [] if split.by is None else [split.by], columns)
    checks.known_columns("split.time", [] if split.time is None else [split.time], columns)
    for target in targets:
        if target in data.types:
            raise DataError(
                f"data.types gives the target {target} a type; set task instead, and leave it out there."
            )


def _check_finite(raw: RawData, targets: list[str], kind: TaskKind, data: DataSpec) -> None:
    used = raw.frame.drop(
        name for name, given in data.types.items() if given == "ignore" and name in raw.frame
    )
    if kind in NUMERIC:
        used = used.with_columns(values.as_number(used[target]) for target in targets)
    checks.finite(used)


def _fit(
    train: RawData, targets: list[str], kind: TaskKind, data: DataSpec, split: SplitSpec
) -> tuple[Preprocessing, list[str]]:
    """The preprocessing that the training rows give, with the classes that they have, and notes."""
    task, _ = task_of(train.frame, targets, kind, data)
    if kind in ("classification", "anomaly", "representation"):
        checks.class_counts(train.frame[task.target], 1)
    for target in targets if kind in NUMERIC else ():
        if train.frame[target].n_unique() < 2:
            raise DataError(
                f"The target {target} has the same value in every training row; there is nothing to learn."
            )
    encoder, notes = all_kinds()[train.kind].fit(train, task, data, split)
    preprocessing = Preprocessing(task, encoder)
    if kind != "generation":
        return preprocessing, list(notes)
    from automl.data.generated.features import fit_features

    codes, n_classes = None, 0
    if targets:
        labels, _ = task_of(train.frame, targets, "classification", data)
        codes, n_classes = encode_target(train.frame, labels), len(labels.classes)
    features = fit_features(encoder.encode(train), codes, n_classes, train.kind, seed=0)
    return replace(preprocessing, features=features), list(notes)


def _encode(preprocessing: Preprocessing, raw: RawData, positions: Array, index: Array, guide: Guide) -> Rows:
    part = raw.take(positions)
    inputs = preprocessing.encoder.encode(part)
    target = preprocessing.encode_target(part, inputs)
    groups = None if guide.groups is None else guide.groups[positions]
    return Rows(inputs, target, index[positions].astype(np.int64), groups)


def _unlabelled(preprocessing: Preprocessing, data: DataSpec) -> tuple[Rows | None, str, str]:
    """The rows that `data.unlabelled` names, their fingerprint, and what is to be said."""
    if data.unlabelled is None:
        return None, "", ""
    source = {"path": data.unlabelled, "name": None, "openml": None, "unlabelled": None, "target": None}
    raw = read(data.model_copy(update={**source, **preprocessing.encoder.options}))
    inputs = preprocessing.encode(converted(raw, [], data)[0])
    rows = Rows(inputs, np.zeros(len(raw), np.int64), np.arange(len(raw)))
    return rows, fingerprint(raw), f"{len(raw)} rows without labels to train on first"


def target_scale(target: Array, task: Task) -> TargetScale:
    """The mean and deviation of training targets ``(rows,)`` or ``(rows, n)``, where they are numbers."""
    if task.kind not in NUMERIC:
        return TargetScale()
    if target.ndim == 1:
        return TargetScale(float(target.mean()), float(target.std()))
    deviation = np.where(target.std(axis=0) > 0, target.std(axis=0), 1.0)
    return TargetScale(tuple(target.mean(axis=0).tolist()), tuple(deviation.tolist()))


def _row_keys(raw: RawData) -> Array:
    keys = raw.frame.hash_rows().to_numpy()
    if raw.values is None:
        return keys
    rows = (raw.values[i] for i in range(len(raw.values))) if isinstance(raw.values, Ragged) else raw.values
    contents = np.array([hash(row.tobytes()) for row in rows], np.int64)
    return keys ^ contents.view(np.uint64)


def split_id(split: SplitSpec, sources: Sources, task: Task, max_rows: int | None, **more: object) -> str:
    """A short hash of all that decides which rows are where and what is to be said of them, the data apart."""
    settings = {
        **split.model_dump(),
        **{name: sources.given[name] for name in sources.given},
        "target": task.target,
        "task": task.kind,
        "max_rows": max_rows,
        **({"levels": task.scales["levels"]} if task.kind == "quantile" else {}),
        **more,
    }
    return sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
