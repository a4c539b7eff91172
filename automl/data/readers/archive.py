"""ZIP and TAR archives, read as the folder or the file that they hold."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from automl.data.files.listed_files import LISTS
from automl.data.files.media import TEXT, medium_of
from automl.data.files.naming import some
from automl.data.files.unpacking import unpack
from automl.data.raw import RawData
from automl.data.readers import Reader, all_readers, reader_for
from automl.errors import DataError
from automl.spec import DataSpec

_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")


def _accepts(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(_ENDINGS)


def _read(path: Path, data: DataSpec) -> RawData:
    with tempfile.TemporaryDirectory(prefix="automl-") as name:
        folder = Path(name).resolve()
        unpack(path, folder)
        found, left_out = _content(folder, path)
        try:
            raw = reader_for(found).read(found, data)
        except DataError as error:  # its paths are of a folder that is gone when the message is read
            message = str(error).replace(f"{folder}/", f"{path}: ").replace(str(folder), str(path))
            raise DataError(message) from error
    notes = (f"left out of the archive: {some(left_out)}",) if left_out else ()
    return replace(raw, name=_stem(path), notes=(*raw.notes, *notes))


def _stem(path: Path) -> str:
    return path.name[
        : -len(next(e for e in sorted(_ENDINGS, key=len)[::-1] if path.name.lower().endswith(e)))
    ]


def _content(folder: Path, archive: Path) -> tuple[Path, list[str]]:
    """The folder or the one file to read, and the names of what is left out."""
    entries = _visible(folder)
    while len(entries) == 1 and entries[0].is_dir():
        folder = entries[0]
        entries = _visible(folder)
    files = [entry for entry in entries if entry.is_file()]
    if any(_accepts(file) for file in files):
        raise DataError(
            f"{archive} holds another archive, {next(filter(_accepts, files)).name}. Unpack it, and give what "
            "it holds."
        )
    medium = medium_of(folder)
    is_listed = any((folder / name).is_file() for name in LISTS) and medium is not None
    known = [file for file in files if any(reader.accepts(file) for reader in all_readers())]
    if len(known) == 1 and not is_listed and medium in (None, TEXT):
        return known[0], [entry.name for entry in entries if entry != known[0]]
    if medium is None and len(known) != 1 and not _is_folder(folder):
        raise DataError(
            f"{archive} should hold one file of data, or a folder of images, recordings or texts, but it holds "
            f"{len(known)} files of data: {some([file.name for file in known or files]) or 'nothing'}. Give "
            "one of them."
        )
    return folder, []


def _is_folder(folder: Path) -> bool:
    """Whether a folder is read by what it holds, such as IDX files."""
    return any(r.accepts(folder) for r in all_readers() if r.name not in ("image_folder", "archive"))


def _visible(folder: Path) -> list[Path]:
    """What is not hidden; macOS adds a folder of its own to archives."""
    return sorted(e for e in folder.iterdir() if not e.name.startswith(".") and e.name != "__MACOSX")


READER = Reader("archive", "archives of one of these (.zip, .tar, .tar.gz, .tgz)", _accepts, _read)
