"""What everybody asks for of one store: how far a search is, its trials, its logs, and leaderboards."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from automl.errors import NotFoundError, RequestError, nearest
from automl.store import Store
from automl.store.records import RecordKind
from automl.store.signs import log_of

if TYPE_CHECKING:
    from automl.remote import Remote

MOST_LOG_BYTES = 2**20  # at once
_OF_RECORD = ("state", "reason", "message", "seconds")
_REFIT = re.compile(r"[0-9]+-[0-9]+")
SMALLEST_SHARE = 0.02  # of a search that must be done before the rest is estimated from it
_OF_WORK = r"\S+ \S+ [A-Z]+ \[[a-z]+ {}/[0-9]+\] "  # how `execution/logs.py` begins a line of an attempt


@dataclass(frozen=True)
class Results:
    """One store, asked directly; `remote.Remote` answers the same of a service's."""

    store: Store

    def searches(self, search_id: str | None = None) -> pl.DataFrame:
        """One row a search, the latest first; or the one of that id."""
        from automl.store import reading

        frame = reading.searches(self.store)
        if search_id is not None:
            self.store.search(search_id)
            frame = frame.filter(search_id=search_id)
        return frame.collect()

    def leaderboard(
        self, search_id: str | None = None, *, dataset: str | None = None, metric: str | None = None
    ) -> pl.DataFrame:
        """Finalists and baselines on the test rows, with 95 % intervals; equal ones share a rank.

        Raises:
            NotFoundError: no such search, data set or metric.
        """
        from automl.ranking import board
        from automl.store.reading import searches

        if search_id is not None:
            self.store.search(search_id)
        if dataset is not None:
            known = searches(self.store).select("dataset").unique().collect()["dataset"].to_list()
            if dataset not in known:
                raise NotFoundError(
                    f"No search in the store {self.store} is on a data set {dataset!r}: {nearest(dataset, known)}"
                )
        return board(self.store, search_id=search_id, dataset=dataset, metric=metric)

    def trials(self, search_id: str) -> pl.DataFrame:
        """Every trial of a search by its last attempt, best first."""
        from automl.store.reading import trials as read

        self.store.search(search_id)
        frame = read(self.store, search_id).collect()
        goal = frame["goal"][0] if frame.height else "max"
        return frame.sort(
            [pl.col("state") != "complete", "score", "trial"],
            descending=[False, goal == "max", False],
            nulls_last=True,
        )

    def log_names(self, search_id: str) -> list[str]:
        """The logs of a search: of its driver, and of each worker."""
        return sorted((self.store.search(search_id).place / "logs").names())

    def log_part(self, search_id: str, name: str, offset: int) -> bytes:
        """What a log holds from `offset` on, at most `MOST_LOG_BYTES`.

        Raises:
            NotFoundError: there is no such search, or it has no such log.
        """
        return log_of(self.store, search_id, name).read_range(offset, MOST_LOG_BYTES)

    def attempt_lines(self, search_id: str, name: str, offset: int, work: str) -> tuple[str, int]:
        """The lines of one trial or refit in the next part of a log, and where the part after that begins.

        Args:
            work: ``17`` (a trial), ``17-0`` (a refit) or the name of a baseline.
        """
        part = self.log_part(search_id, name, offset)
        whole = part[: part.rfind(b"\n") + 1] or (part if len(part) == MOST_LOG_BYTES else b"")
        of_it = re.compile(_OF_WORK.format(re.escape(work)))
        lines = [line for line in whole.decode(errors="replace").splitlines() if of_it.match(line)]
        return "".join(f"{line}\n" for line in lines), offset + len(whole)

    def attempts(self, search_id: str, work: str) -> list[dict[str, Any]]:
        """How each attempt at a trial, a refit or a baseline ended, the first first.

        Raises:
            NotFoundError: there is no such search, or no attempt at such work was begun in it.
        """
        folder = self.store.search(search_id)
        kind: RecordKind = "trial" if work.isdecimal() else "refit" if _REFIT.fullmatch(work) else "baseline"
        last_begun = max((number for number, _ in folder.work_folders(kind, work)), default=0)
        found: list[dict[str, Any]] = []
        while (record := folder.record(kind, work, len(found) + 1)) is not None or len(found) < last_begun:
            known = {} if record is None else {name: getattr(record, name) for name in _OF_RECORD}
            found.append({"kind": kind, "attempt": len(found) + 1, "state": "running", **known})
        if not found:
            raise NotFoundError(
                f"{search_id} has begun no {kind} {work!r}. A trial is named by its number, such as "
                f"{search_id}/17, and a refit as {search_id}/17-0; `automl trials {search_id}` lists the trials."
            )
        return found

    def status(self, search_id: str) -> dict[str, Any]:
        """How far a search is, as the tables have it.

        ``seconds_left`` is None where it cannot be said; ``hours`` are those of ``hours_of``: GPUs, or CPUs where
        there are none; ``failures`` are the reasons for which trials failed, the commonest first.
        """
        from automl.store.reading import failures, search_row

        self.store.search(search_id)
        try:
            row = search_row(self.store, search_id)
        except NotFoundError:  # it is there, and nothing of it is in the tables yet
            return {
                "search_id": search_id,
                "state": "queued",
                "reason": None,
                "message": "It is about to begin.",
            }
        kept = ("search_id", "state", "reason", "message", "dataset", "task", "metric", "goal", "n_trials")
        more = ("n_stopped", "n_failed", "n_planned", "n_refits", "best_trial", "best_score")
        spec = json.loads(row["spec"])
        allowed = allowance(spec)
        return {
            **{name: row[name] for name in (*kept, *more)},
            "n_refits_planned": allowed.n_refits,
            "hours": allowed.hours(_worker_seconds(self.store, search_id)),
            "hours_of": allowed.hours_of,
            "seconds": row["train_seconds"],
            "seconds_left": allowed.seconds_left(row, datetime.now(UTC)),
            "workers": spec["resources"]["workers"] if row["state"] == "running" else 0,
            "waits_for": None,
            "failures": failures(self.store, search_id).collect().to_dicts() if row["n_failed"] else [],
            "created_at": row["created_at"].isoformat(),
            "updated_at": row["updated_at"].isoformat(),
        }

    def pull(self, which: str, destination: Path) -> Path:
        """Copies a model into a new folder, and verifies it there."""
        from automl.bundle_files import check_whose, verify
        from automl.store.pulling import bundle_of

        source = bundle_of(self.store, which)
        try:
            with source.fetched() as local:
                verify(local)
                check_whose(str(source), local)
                destination.parent.mkdir(parents=True, exist_ok=True)
                shutil.copytree(local, destination, dirs_exist_ok=True)
        except OSError as error:
            in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
            cause = "a file is in its place or above it" if in_the_way else error.strerror or error
            raise RequestError(f"The model cannot be copied to {destination}: {cause}.") from error
        verify(destination)
        return destination


@dataclass(frozen=True)
class Allowance:
    """What a search may use, and in what its use is counted.

    Args:
        units: of what hours are counted in, that a worker has.
        hours_of: ``GPU``, or ``CPU`` where there are none.
        seconds: of wall clock, at most; None where time does not end it.
        n_refits: of finalists.
    """

    units: float
    hours_of: str
    seconds: float | None
    n_refits: int

    def hours(self, worker_seconds: float) -> float:
        return worker_seconds * self.units / 3600

    def share(self, row: Mapping[str, Any]) -> float | None:
        """How much of a search is done, from 0 to 1, by its row; None where nothing bounds it."""
        shares = [row["train_seconds"] / self.seconds] if self.seconds else []
        if row["n_planned"]:
            shares.append((row["n_trials"] + row["n_refits"]) / (row["n_planned"] + self.n_refits))
        return min(1.0, max(shares)) if shares else None

    def seconds_left(self, row: Mapping[str, Any], now: datetime) -> float | None:
        """Until it ends, from the share of it that is done; None before anything can be said."""
        share = self.share(row)
        if row["state"] != "running" or share is None or share < SMALLEST_SHARE:
            return None
        since = (now - row["updated_at"]).total_seconds()
        return float(max(0.0, row["train_seconds"] * (1 - share) / share - since))


def allowance(spec: Mapping[str, Any]) -> Allowance:
    """What a search may use, from its resolved spec: it has GPUs where its workers do."""
    gpus = spec["resources"]["gpus"] or 0.0
    units, hours_of = (gpus, "GPU") if gpus > 0 else (spec["resources"]["cpus"], "CPU")
    n_refits = spec["finalists"]["top"] * spec["finalists"]["seeds"]
    return Allowance(units, hours_of, spec["budget"]["time"], n_refits)


def results_of(store: str | Path | None = None) -> Results | Remote:
    """Whom to ask: the service at ``AUTOML_URL`` where that is set and no store is named, else the store."""
    from automl.remote import connected
    from automl.store import open_store

    return connected(store) or Results(open_store(store))


def worker_seconds(trials: pl.LazyFrame, scores: pl.LazyFrame) -> pl.LazyFrame:
    """What the attempts at trials, and the refits, of each search have taken of workers: search_id, seconds.

    Args:
        trials: rows of that table, and `scores` of that one.
    """
    one_each = ["search_id", "entry", "seed", "attempt"]
    refits = scores.filter(kind="refit").select(*one_each, "train_seconds").unique(one_each)
    both = pl.concat([rows.select("search_id", "train_seconds") for rows in (trials, refits)])
    return both.group_by("search_id").agg(seconds=pl.col("train_seconds").sum())


def _worker_seconds(store: Store, search_id: str) -> float:
    from automl.store.tables import scan

    trials, scores = (scan(store, table).filter(search_id=search_id) for table in ("trials", "scores"))
    return float(worker_seconds(trials, scores).collect()["seconds"].sum())
