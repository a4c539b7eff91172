"""The folder of one search: its terms, its journal and its records."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from automl.errors import AlreadyRecorded, StorageError, Superseded
from automl.store.places import Place, WorkFolder, safe_name
from automl.store.plain import dumps
from automl.store.records import FOLDERS, Record, RecordKind

DESCRIPTION = "search.json"  # where it is, there is a search


@dataclass(frozen=True)
class SearchFolder:
    """Everything durable of one search but its rows in the tables."""

    place: Place

    @property
    def search_id(self) -> str:
        return self.place.name

    @cached_property
    def plain(self) -> dict[str, Any]:
        """What `create_search` was given."""
        return cast(dict[str, Any], json.loads((self.place / DESCRIPTION).read()))

    # Terms

    def term_begin(self) -> int:
        """Take the next term, from 1; whoever holds an earlier one must stop."""
        while True:
            term = self.last_term() + 1
            try:
                (self.place / "terms" / str(term)).write_once(_holder())
            except AlreadyRecorded:
                continue
            return term

    def last_term(self) -> int:
        """The latest term that was begun; 0 when none was."""
        return max((int(name) for name in (self.place / "terms").names() if name.isdecimal()), default=0)

    def check_term(self, term: int) -> None:
        """Raise `Superseded` if a later term has begun."""
        if (self.place / "terms" / str(term + 1)).exists():
            raise Superseded(
                f"Term {self.last_term()} of search {self.search_id} is at work; term {term} ends here. "
                "Nothing is lost: the later term goes on from what is recorded."
            )

    def check_there(self) -> None:
        """Raise `StorageError` if the folder is gone: nothing may be written into a new one in its place."""
        if not (self.place / DESCRIPTION).exists():
            raise StorageError(
                f"The folder {self.place} of the search is gone: the store was moved, unmounted or deleted."
            )

    # Journal

    def journal(self, term: int) -> Journal:
        return Journal(self, term)

    def seal_journals(self, before: int) -> None:
        """Close the journals of all earlier terms: a driver that still writes one is superseded by that.

        Call it before the journal is read, or an entry could be appended behind what was read.
        """
        for term in range(1, before):
            self.journal(term).seal()

    def read_journal(self) -> list[dict[str, Any]]:
        """Every entry of every term, in the order in which they were appended."""
        entries: list[dict[str, Any]] = []
        for _, _, name in sorted(self.journal_files()):
            entries += json.loads((self.place / "journal" / name).read())
        return entries

    def journal_files(self) -> Iterator[tuple[int, int, str]]:
        """Term, number in the term, and name of each file of the journal, in no order."""
        for name in (self.place / "journal").names():
            term, _, n = name.removesuffix(".json").partition("-")
            if term.isdecimal() and n.isdecimal():
                yield int(term), int(n), name

    # Work and records

    def work_folder(self, kind: RecordKind, name: str, attempt: int) -> WorkFolder:
        """A new folder for the bundle and the checkpoint of one attempt, which no other has."""
        self.check_there()
        return (self._of(kind, name) / f"{attempt}-{secrets.token_hex(4)}").work_folder()

    def latest_work_folders(self, kind: RecordKind, name: str) -> list[Place]:
        """The work folders of every attempt so far, newest first: where a checkpoint may lie."""
        found = self.work_folders(kind, name)
        if len(found) < 2:
            return [place for _, place in found]
        order = [(attempt, place.last_change() or 0.0, place.name, place) for attempt, place in found]
        return [place for *_, place in sorted(order, key=lambda one: one[:3], reverse=True)]

    def work_folders(self, kind: RecordKind, name: str) -> list[tuple[int, Place]]:
        """Attempt and place of every work folder, in no order."""
        folder = self._of(kind, name)
        return [(int(number), folder / full) for full, number in _work_names(folder)]

    def relative(self, place: Place) -> str:
        """How a record names a place in this folder: ``trials/3/1-ab12cd34``."""
        return str(place).removeprefix(str(self.place)).lstrip("/")

    def write_record(self, record: Record) -> None:
        """Make an attempt count, for ever.

        Raises:
            AlreadyRecorded: another writer did so first.
            StorageError: it could not be written, so the attempt does not count.
        """
        path = self._of(record.kind, record.name) / f"{record.attempt}.json"
        self.check_there()
        path.write_once(record.to_json())

    def record(self, kind: RecordKind, name: str, attempt: int) -> Record | None:
        path = self._of(kind, name) / f"{attempt}.json"
        try:
            return Record.from_json(path.read())
        except FileNotFoundError:
            return None
        except StorageError as error:
            raise StorageError(f"The record {path} cannot be read. {error}") from error

    def has_record(self, kind: RecordKind, name: str, attempt: int) -> bool:
        return (self._of(kind, name) / f"{attempt}.json").exists()

    def names(self) -> Iterator[tuple[RecordKind, str]]:
        """Kind and name of everything that was ever handed out to a worker."""
        for kind, folder in FOLDERS.items():
            for name in (self.place / folder).names():
                yield kind, name

    def record_keys(self) -> Iterator[tuple[RecordKind, str, int]]:
        """Kind, name and attempt of every record, without reading any."""
        for kind, name in self.names():
            for file in self._of(kind, name).names():
                attempt, _, ending = file.partition(".")
                if ending == "json" and attempt.isdecimal():
                    yield kind, name, int(attempt)

    def records(self) -> Iterator[Record]:
        for key in sorted(self.record_keys(), key=_order):
            found = self.record(*key)
            if found is not None:
                yield found

    def _of(self, kind: RecordKind, name: str) -> Place:
        return self.place / FOLDERS[kind] / safe_name(name, kind)


@dataclass
class Journal:
    """The journal of one search, appended to by one term. Its seal is a last file without entries."""

    folder: SearchFolder
    term: int
    _next: int | None = None

    def append(self, entries: list[dict[str, Any]]) -> None:
        """Write these entries; they are on the disk when this returns.

        Raises:
            StorageError: they could not be written, so none of them counts.
            Superseded: another driver writes in this term, or a later term has sealed it.
        """
        assert entries, "only a seal has no entries"
        if self._next is None:
            self._next, sealed = self._end()
            if sealed:
                self.folder.check_term(self.term)
        try:
            self._write(self._next, entries)
        except AlreadyRecorded as error:
            self.folder.check_term(self.term)
            raise Superseded(f"Another driver writes the journal of term {self.term}: {error}") from error
        self._next += 1

    def seal(self) -> None:
        """Let nothing be appended any more."""
        while True:
            place, sealed = self._end()
            if sealed:
                return
            with suppress(AlreadyRecorded):  # its driver was faster: behind that, then
                self._write(place, [])

    def read_journal(self) -> list[dict[str, Any]]:
        return self.folder.read_journal()

    def _end(self) -> tuple[int, bool]:
        """The next free place, and whether the journal is sealed."""
        there = [(n, name) for term, n, name in self.folder.journal_files() if term == self.term]
        if not there:
            return 0, False
        n, last = max(there)
        return n + 1, json.loads((self.folder.place / "journal" / last).read()) == []

    def _write(self, place: int, entries: list[dict[str, Any]]) -> None:
        self.folder.check_there()
        (self.folder.place / "journal" / f"{self.term}-{place}.json").write_once(dumps(entries))


def _holder() -> bytes:
    """Who takes a term; never the same twice, so that nobody takes another's for their own."""
    return dumps({"host": socket.gethostname(), "pid": os.getpid(), "token": secrets.token_hex(8)})


def _work_names(folder: Place) -> Iterator[tuple[str, str]]:
    for name in folder.names():
        number, dash, _ = name.partition("-")
        if dash and number.isdecimal():
            yield name, number


def _order(key: tuple[RecordKind, str, int]) -> tuple[str, int, str, int]:
    kind, name, attempt = key
    return (kind, int(name) if name.isdecimal() else 0, name, attempt)
