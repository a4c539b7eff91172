"""Media without a table: in one folder a class, or beside one another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from automl.data.files.media import AUDIO, IMAGE, Medium
from automl.data.raw import LABEL
from automl.errors import DataError

FILE = "file"
Found = tuple[Sequence[Path], pl.DataFrame, tuple[str, ...]]  # files, a row for each, and notes


def class_files(path: Path, folders: list[Path], medium: Medium) -> Found:
    """The files in folders of classes by class and name, with their ``label``, and what is left out."""
    files: list[Path] = []
    labels: list[str] = []
    others: list[str] = []
    deeper = 0
    for folder in folders:
        for entry in sorted(folder.iterdir()):
            if entry.is_dir():
                deeper += not entry.name.startswith(".")
            elif medium.has(entry.name):
                files.append(entry)
                labels.append(folder.name)
            elif not entry.name.startswith("."):
                others.append(entry.name)
    _one_medium(path, medium, len(files), others)
    loose = sum(medium.has(entry.name) for entry in path.iterdir())
    if not files:
        raise DataError(
            f"{path} should hold one folder of {described(medium)} for each class, but it holds "
            f"{len(folders)} folders without {medium.noun} and {loose} {medium.noun} outside of folders. "
            f"Sort the {medium.noun} into one folder a class."
        )
    _check_names(files)
    notes = []
    if others:
        notes.append(f"left out {len(others)} files that are not {medium.formats}")
    if loose:
        notes.append(f"left out {loose} {medium.noun} outside of the folders of classes")
    if deeper:
        notes.append(f"left out {deeper} folders inside of the folders of classes")
    return files, pl.DataFrame({LABEL: labels}, schema={LABEL: pl.String}), tuple(notes)


def loose_files(path: Path, medium: Medium) -> Found:
    """The files beside one another in a folder, rows without labels, with their names, and what is left out."""
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    files = [entry for entry in entries if medium.has(entry.name)]
    others = [entry.name for entry in entries if not medium.has(entry.name)]
    _one_medium(path, medium, len(files), others)
    if not files:
        raise DataError(
            f"{path} should hold one folder of {described(medium)} for each class, but it holds 0 folders "
            f"without {medium.noun} and 0 {medium.noun} outside of folders. Sort the {medium.noun} into one "
            "folder a class."
        )
    notes = (f"left out {len(others)} files that are not {medium.formats}",) if others else ()
    return files, names_of(files, path), notes


def _check_names(files: Sequence[Path]) -> None:
    for file in files:
        try:
            str(file).encode()
        except UnicodeEncodeError:
            raise DataError(
                f"The name of {str(file)!a} is not in UTF-8. Rename the file or folder."
            ) from None


def names_of(files: Sequence[Path], path: Path) -> pl.DataFrame:
    """A frame of the paths of files below a folder, as ``file``."""
    _check_names(files)
    return pl.DataFrame({FILE: [file.relative_to(path).as_posix() for file in files]})


def described(medium: Medium) -> str:
    """The files of a medium in messages, such as ``PNG or JPEG images``."""
    return f"{medium.formats} {'files' if medium.kind == 'text' else medium.noun}"


def _one_medium(path: Path, medium: Medium, n_files: int, others: Sequence[str]) -> None:
    """Refuses images and recordings in one folder."""
    for other in (IMAGE, AUDIO):
        n_others = sum(map(other.has, others))
        if n_others and other != medium and medium.kind != "text":
            raise DataError(
                f"{path} should hold files of one kind, but it holds {n_files} {medium.noun} and {n_others} "
                f"{other.noun}. Put each kind into a folder of its own."
            )
