"""Folders of media: one folder a class or a table that names the files, and the splits that they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl

from automl.data import values
from automl.data.files.class_folders import FILE, class_files, described, loose_files, names_of
from automl.data.files.inside import leaving
from automl.data.files.listed_files import LISTS, listed_files
from automl.data.files.media import Medium
from automl.data.files.naming import some
from automl.data.raw import LABEL
from automl.errors import DataError
from automl.task import Array, Task

_SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class MediaFolder:
    """The files of a folder, one a row.

    Args:
        frame: what is known of each file; ``label`` for folders of classes, ``file`` where nothing is.
        target: ``label``, or the only column that a table has beside the files.
        given_splits: positions of rows by split, where there are folders of splits.
    """

    files: tuple[Path, ...]
    frame: pl.DataFrame
    target: str | None
    given_splits: Mapping[str, Array] | None
    notes: tuple[str, ...]

    def content(self) -> str:
        """SHA-256 of the bytes of the files and of what is known of them.

        What is decoded of them would differ by a bit between versions of the libraries that decode.
        """
        digest = sha256()
        if self.frame.columns != [LABEL]:
            digest.update("\0".join(self.frame.columns).encode() + b"\0")
        for name, positions in sorted((self.given_splits or {}).items()):
            digest.update(f"\0{name}\0".encode() + positions.astype("<i8").tobytes())
        for file, row in zip(self.files, self.frame.iter_rows(), strict=True):
            digest.update("\0".join(map(str, row)).encode() + b"\0" + sha256(file.read_bytes()).digest())
        return digest.hexdigest()


def read_folder(path: Path, medium: Medium) -> MediaFolder:
    """The files of one medium in a folder, by split, class and name, or in the order of the table.

    Raises:
        DataError: there are none, or of two media, or files lie where they say nothing, or leave the folder.
    """
    splits = _split_folders(path)
    parts = (
        [_one_split(folder, medium) for folder in splits.values()] if splits else [_one_split(path, medium)]
    )
    files = [file for part in parts for file in part.files]
    outside = [str(file.relative_to(path)) for file in leaving(files, path)]
    if outside:
        raise DataError(
            f"The files in {path} should lie in it, but {len(outside)} are links that leave it: "
            f"{some(outside)}. Put the files themselves there, so that the data is whole wherever it goes."
        )
    given = None
    if splits:
        ends = np.cumsum([0, *(len(part.files) for part in parts)])
        given = {name: np.arange(ends[i], ends[i + 1]) for i, name in enumerate(splits)}
    elif parts[0].is_listed:
        given = _listed_splits(files, path)
    frame = _joined(parts, path)
    if any(part.is_listed for part in parts):
        frame = values.typed(frame)
    named = [name for name in frame.columns if name != FILE]
    target = LABEL if LABEL in named else named[0] if len(named) == 1 else None
    names = [f"{name}: " for name in splits] or [""]
    notes = tuple(name + note for name, part in zip(names, parts, strict=True) for note in part.notes)
    return MediaFolder(tuple(files), frame, target, given, notes)


@dataclass(frozen=True)
class _Part:
    files: Sequence[Path]
    frame: pl.DataFrame
    notes: tuple[str, ...]
    is_listed: bool = False


def _split_folders(path: Path) -> dict[str, Path]:
    """The folders of splits by split, in their order; none where the folders are others."""
    if any((path / name).is_file() for name in LISTS):
        return {}
    names = [folder.name for folder in _folders(path)]
    splits = {_SPLITS.get(name.lower(), ""): path / name for name in names}
    if "" in splits or len(splits) != len(names) or len(splits) < 2 or "train" not in splits:
        return {}
    return {name: splits[name] for name in ("train", "validation", "test") if name in splits}


def _listed_splits(files: Sequence[Path], path: Path) -> dict[str, Array] | None:
    """Positions by split, where a table names files in folders of splits alone."""
    tops = [_SPLITS.get(file.relative_to(path).parts[0].lower(), "") for file in files]
    if "" in tops or "train" not in tops or len(set(tops)) < 2:
        return None
    return {name: np.flatnonzero([top == name for top in tops]) for name in sorted(set(tops))}


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _one_split(path: Path, medium: Medium) -> _Part:
    tables = [path / name for name in LISTS if (path / name).is_file()]
    if len(tables) > 1:
        raise DataError(
            f"{path} must hold one table that names its files, but it holds "
            f"{', '.join(table.name for table in tables)}. Keep one of them."
        )
    if tables:
        files, frame, notes = listed_files(tables[0], medium)
        return _Part(files, frame if frame.width else names_of(files, path), notes, True)
    folders = _folders(path)
    found = class_files(path, folders, medium) if folders else loose_files(path, medium)
    return _Part(*found)


def _joined(parts: list[_Part], path: Path) -> pl.DataFrame:
    columns = parts[0].frame.columns
    for part in parts[1:]:
        if sorted(part.frame.columns) != sorted(columns):
            raise DataError(
                f"The folders of splits in {path} should say the same of their files, but one has the columns "
                f"{', '.join(columns)} and another {', '.join(part.frame.columns)}. Write all in one form."
            )
    return pl.concat([part.frame.select(columns) for part in parts], how="vertical_relaxed")


def files_to_predict(source: Path, medium: Medium, task: Task) -> tuple[list[Path], pl.DataFrame]:
    """A file, or all of a folder at any depth, and the frame of its rows.

    The frame is what a table in the folder says; else it has ``file``, and the target where each file lies
    in a folder of a class.

    Raises:
        DataError: there are none.
    """
    if source.is_file():
        return [source], pl.DataFrame({FILE: [source.name]})
    if any((source / name).is_file() for name in LISTS):
        found = read_folder(source, medium)
        return list(found.files), found.frame
    files = sorted(file for file in source.rglob("*") if medium.has(file.name) and file.is_file())
    if not files:
        raise DataError(f"{source} holds no {described(medium)} to predict from.")
    frame = names_of(files, source)
    parents = [file.parent.name for file in files]
    if task.classes and all(parent in task.classes for parent in parents):
        frame = frame.with_columns(pl.Series(task.target, parents))
    return files, frame
