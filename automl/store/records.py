"""The record: the one file that says how an attempt ended. Once it is there, the attempt counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast, get_args

from automl.errors import StorageError
from automl.store.plain import dumps, row_from_plain, row_to_plain, value_from_plain
from automl.store.rows import SCHEMA_VERSION, EpochRow, ScoreRow, TrialRow

RecordKind = Literal["trial", "refit", "baseline"]
RecordState = Literal["complete", "stopped", "failed"]
FOLDERS: Mapping[RecordKind, str] = {"trial": "trials", "refit": "refits", "baseline": "baselines"}


@dataclass(frozen=True, kw_only=True)
class PredictionFile:
    """Where the predictions on one split lie: a path in the search's folder, and its SHA-256."""

    split: str
    file: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """How one attempt ended.

    Args:
        name: unique in its kind: the trial's number, ``<trial>-<seed index>``, or the baseline's name.
        attempt: from 1.
        term: of the driver that handed it out.
        state: how it ended; `reason` and `message` say why, where it failed.
        seconds: of training, or until it failed.
        folder: the work folder that holds the bundle, relative to the search's folder.
        epochs: the learning curves: by metric, the values from epoch 1 on; None where there is none.
        predictions: as `write_predictions` returned them.
    """

    kind: RecordKind
    name: str
    attempt: int
    term: int
    state: RecordState = "complete"
    reason: str | None = None
    message: str | None = None
    seconds: float = 0.0
    folder: str | None = None
    trial: TrialRow | None = None
    epochs: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    scores: Sequence[ScoreRow] = ()
    predictions: Sequence[PredictionFile] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def key(self) -> tuple[RecordKind, str, int]:
        return (self.kind, self.name, self.attempt)

    def epoch_rows(self) -> list[EpochRow]:
        """The curves of a trial as rows; refits keep theirs in the record only."""
        if self.trial is None:
            return []
        of = {"search_id": self.trial.search_id, "trial": self.trial.trial, "attempt": self.trial.attempt}
        return [
            EpochRow(**cast(Any, of), epoch=i, metric=metric, value=value)
            for metric, values in self.epochs.items()
            for i, value in enumerate(values, start=1)
            if value is not None
        ]

    def to_json(self) -> bytes:
        plain = row_to_plain(self)
        plain["trial"] = None if self.trial is None else row_to_plain(self.trial)
        plain["scores"] = [row_to_plain(row) for row in self.scores]
        plain["predictions"] = [row_to_plain(file) for file in self.predictions]
        return dumps(plain)

    @classmethod
    def from_json(cls, text: bytes | str) -> Record:
        """The record in this file.

        Raises:
            StorageError: it is not a record.
        """
        try:
            plain = json.loads(text)
        except ValueError as error:
            raise StorageError(f"A record is a JSON object, but got {text[:60]!r}: {error}.") from error
        if not isinstance(plain, dict) or plain.get("kind") not in get_args(RecordKind):
            raise StorageError(f"A record says of what kind it is, but got {text[:60]!r}.")
        known = {part.name: plain[part.name] for part in fields(cls) if part.name in plain}
        known["trial"] = _trial(known.get("trial"))
        known["epochs"] = _curves(known.get("epochs") or {})
        known["scores"] = tuple(row_from_plain(ScoreRow, row) for row in known.get("scores") or ())
        files = known.get("predictions") or ()
        known["predictions"] = tuple(row_from_plain(PredictionFile, file) for file in files)
        for name, hint in _SIMPLE.items():
            if name in known:
                known[name] = value_from_plain(hint, known[name], f"Record.{name}")
        for name in ("name", "attempt", "term"):
            if name not in known:
                raise StorageError(f"Record.{name} is missing.")
        state = known.get("state", "complete")
        if state not in get_args(RecordState):
            raise StorageError(f"Record.state must be one of {get_args(RecordState)}, but got {state!r}.")
        return cls(**cast(Any, known))


_SIMPLE: Mapping[str, Any] = {
    "name": str,
    "attempt": int,
    "term": int,
    "state": str,
    "reason": str | None,
    "message": str | None,
    "seconds": float,
    "folder": str | None,
    "schema_version": int,
}


def _trial(plain: Any) -> TrialRow | None:
    return None if plain is None else row_from_plain(TrialRow, plain)


def _curves(plain: Any) -> dict[str, list[float | None]]:
    curves = value_from_plain(dict, plain, "Record.epochs")
    return {
        metric: value_from_plain(list[float | None], values, f"Record.epochs.{metric}")
        for metric, values in curves.items()
    }
