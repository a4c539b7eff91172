"""What a study decided, as plain dictionaries that JSON can hold: the entries of the journal.

An entry is written before the answer that it stands for leaves the study, and a study is nothing but
its plan and its entries. Their order is the order of the history. Each has ``v`` (the version of
this schema) and ``event``:

========  ==========================================================================================
suggest   a trial is opened, its first attempt handed out: ``number``, ``family``, ``values`` (by
          path), ``seed``, ``origin``
attempt   a first attempt at a baseline or refit, or a later one at anything: ``kind``, ``name``,
          ``attempt``, ``micro_batches``
rung      a trial was compared: ``trial``, ``attempt``, ``epoch``, ``score`` (its best so far; null for
          NaN), ``go``
finish    an attempt ended: ``kind``, ``name``, ``attempt``, ``state``, ``scores`` (finite ones),
          ``reason``, ``n_epochs``, ``seconds``, ``feasible``, ``retry`` (another attempt follows)
stop      the search phase ended: ``cause`` (one of `CAUSES`), ``bound`` (what the budget then said of
          it), ``why`` (a sentence), ``refits`` and ``retries`` (whether there will be any)
refits    the finalists: ``finalists`` (each ``trial`` and ``seeds``, a list of seed indices) and
          ``cut`` (a sentence on what had to be cut, or "")
cut       refits that will not be started after all: ``names``, ``why``
reopen    a search that had ended goes on: its user resumed it, or extended its budget
========  ==========================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from automl.space import Scalar
from automl.study.plan import Assignment, Kind, Result

VERSION = 1
Entry = dict[str, Any]
Cause = Literal["trials", "time", "worker_hours", "target", "plateau", "failing", "user"]
CAUSES: tuple[Cause, ...] = ("trials", "time", "worker_hours", "target", "plateau", "failing", "user")


def _entry(event: str, **fields: Any) -> Entry:
    return {"v": VERSION, "event": event, **fields}


def suggest(number: int, family: str, values: Mapping[str, Scalar], seed: int, origin: str) -> Entry:
    return _entry("suggest", number=number, family=family, values=dict(values), seed=seed, origin=origin)


def attempt(assignment: Assignment) -> Entry:
    return _entry(
        "attempt",
        kind=assignment.kind,
        name=assignment.name,
        attempt=assignment.attempt,
        micro_batches=assignment.micro_batches,
    )


def rung(trial: int, attempt: int, epoch: int, score: float, go: bool) -> Entry:
    kept = score if math.isfinite(score) else None
    return _entry("rung", trial=trial, attempt=attempt, epoch=epoch, score=kept, go=go)


def finish(kind: Kind, name: str, attempt: int, result: Result, retry: bool) -> Entry:
    return _entry(
        "finish",
        kind=kind,
        name=name,
        attempt=attempt,
        state=result.state,
        scores={metric: score for metric, score in result.scores.items() if math.isfinite(score)},
        reason=result.reason,
        n_epochs=result.n_epochs,
        seconds=result.seconds,
        feasible=result.feasible,
        retry=retry,
    )


def result_of(entry: Entry) -> Result:
    """The result that a finish entry holds."""
    return Result(
        entry["state"],
        entry["scores"],
        entry["reason"],
        entry["n_epochs"],
        entry["seconds"],
        entry["feasible"],
    )


def stop(cause: Cause, bound: float | None, why: str) -> Entry:
    """The end of the search phase; out of time, no trial is tried again, and a user ends refits too."""
    retries = cause not in ("time", "worker_hours", "user")
    refits = cause != "user"
    return _entry("stop", cause=cause, bound=bound, why=why, refits=refits, retries=retries)


def refits(finalists: list[tuple[int, list[int]]], cut: str) -> Entry:
    return _entry("refits", finalists=[{"trial": n, "seeds": seeds} for n, seeds in finalists], cut=cut)


def cut(names: list[str], why: str) -> Entry:
    return _entry("cut", names=names, why=why)


def reopen() -> Entry:
    return _entry("reopen")
