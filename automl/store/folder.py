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
from pathlib import Path
from typing import Any, cast

from automl.errors import AlreadyRecorded, StorageError, Superseded
from automl.store.files import TEMPORARY, make_folder, safe_name, write_once
from automl.store.plain import dumps
from automl.store.records import FOLDERS, Record, RecordKind


@dataclass(frozen=True)
class SearchFolder:
    """Everything durable of one search but its rows in the tables."""

    path: Path

    @property
    def search_id(self) -> str:
        return self.path.name

    @cached_property
    def plain(self) -> dict[str, Any]:
        """What `create_search` was given."""
        return cast(dict[str, Any], json.loads((self.path / "search.json").read_bytes()))

    # Terms

    def term_begin(self) -> int:
        """Take the next term, from 1; whoever holds an earlier one must stop."""
        while True:
            term = self.last_term() + 1
            try:
                write_once(
                    self.path / "terms" / str(term), dumps({"host": socket.gethostname(), "pid": os.getpid()})
                )
            except AlreadyRecorded:
                continue
            return term

    def last_term(self) -> int:
        """The latest term that was begun; 0 when none was."""
        return max((int(name) for name in _names(self.path / "terms") if name.isdecimal()), default=0)

    def check_term(self, term: int) -> None:
        """Raise `Superseded` if a later term has begun."""
        if (self.path / "terms" / str(term + 1)).exists():
            raise Superseded(
                f"Term {self.last_term()} of search {self.search_id} is at work; term {term} ends here. "
                "Nothing is lost: the later term goes on from what is recorded."
            )

    def check_there(self) -> None:
        """Raise `StorageError` if the folder is gone: nothing may be written into a new one in its place."""
        if not self.path.is_dir():
            raise StorageError(
                f"The folder {self.path} of the search is gone: the store was moved, unmounted or deleted."
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
        for _, _, path in sorted(self.journal_files()):
            entries += json.loads(path.read_bytes())
        return entries

    def journal_files(self) -> Iterator[tuple[int, int, Path]]:
        """Term, place in the term, and path of each file of the journal, in no order."""
        folder = self.path / "journal"
        for name in _names(folder):
            term, _, n = name.removesuffix(".json").partition("-")
            if term.isdecimal() and n.isdecimal():
                yield int(term), int(n), folder / name

    # Work and records

    def work_folder(self, kind: RecordKind, name: str, attempt: int) -> Path:
        """A new folder for the bundle and the checkpoint of one attempt, which no other has."""
        path = self._of(kind, name) / f"{attempt}-{secrets.token_hex(4)}"
        self.check_there()
        try:
            make_folder(path)
        except OSError as error:
            raise StorageError(f"The folder {path} could not be made: {error.strerror}.") from error
        return path

    def latest_work_folders(self, kind: RecordKind, name: str) -> list[Path]:
        """The work folders of every attempt so far, newest first: where a checkpoint may lie."""
        folder = self._of(kind, name)
        found = [(int(number), (folder / full).stat().st_mtime, full) for full, number in _work_names(folder)]
        return [folder / full for _, _, full in sorted(found, reverse=True)]

    def write_record(self, record: Record) -> None:
        """Make an attempt count, for ever.

        Raises:
            AlreadyRecorded: another writer did so first.
            StorageError: it could not be written, so the attempt does not count.
        """
        path = self._of(record.kind, record.name) / f"{record.attempt}.json"
        self.check_there()
        write_once(path, record.to_json())

    def record(self, kind: RecordKind, name: str, attempt: int) -> Record | None:
        path = self._of(kind, name) / f"{attempt}.json"
        try:
            return Record.from_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except StorageError as error:
            raise StorageError(f"The record {path} cannot be read. {error}") from error

    def has_record(self, kind: RecordKind, name: str, attempt: int) -> bool:
        return (self._of(kind, name) / f"{attempt}.json").exists()

    def record_keys(self) -> Iterator[tuple[RecordKind, str, int]]:
        """Kind, name and attempt of every record, without reading any."""
        for kind, folder in FOLDERS.items():
            for name in _names(self.path / folder):
                for file in _names(self.path / folder / name):
                    attempt, _, ending = file.partition(".")
                    if ending == "json" and attempt.isdecimal():
                        yield kind, name, int(attempt)

    def records(self) -> Iterator[Record]:
        for key in sorted(self.record_keys(), key=_order):
            found = self.record(*key)
            if found is not None:
                yield found

    def _of(self, kind: RecordKind, name: str) -> Path:
        return self.path / FOLDERS[kind] / safe_name(name, kind)


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
        there = [(n, path) for term, n, path in self.folder.journal_files() if term == self.term]
        if not there:
            return 0, False
        n, last = max(there)
        return n + 1, json.loads(last.read_bytes()) == []

    def _write(self, place: int, entries: list[dict[str, Any]]) -> None:
        self.folder.check_there()
        write_once(self.folder.path / "journal" / f"{self.term}-{place}.json", dumps(entries))


def _names(folder: Path) -> list[str]:
    """The names in a folder, none where it does not exist, and no temporary ones."""
    try:
        return [name for name in os.listdir(folder) if not name.startswith(TEMPORARY)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _work_names(folder: Path) -> Iterator[tuple[str, str]]:
    for name in _names(folder):
        number, dash, _ = name.partition("-")
        if dash and number.isdecimal():
            yield name, number


def _order(key: tuple[RecordKind, str, int]) -> tuple[str, int, str, int]:
    kind, name, attempt = key
    return (kind, int(name) if name.isdecimal() else 0, name, attempt)
