"""Archives unpacked into a folder, whatever a stranger put into them."""

from __future__ import annotations

import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Self, cast

from automl.data.files.compressed import MAX_BYTES, copy_limited, most_bytes, too_large
from automl.data.files.inside import stays_inside
from automl.data.files.sniff import head_of, looks_like
from automl.errors import DataError

MAX_MEMBERS = 1_000_000
MAX_NAMES_BYTES = 1_000_000  # of a header of a TAR archive that holds a long name, and whatever else
_HOLD_NAMES = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_ENCRYPTED = 0x1  # in the flags of a member (PKWARE APPNOTE.TXT, section 4.4.4)
# What the standard library raises for archives that are cut off, damaged or of an unknown form.
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    LookupError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class _Member:
    """One entry of an archive.

    Args:
        why: why it is refused; empty where it is not.
        open: gives what to read it from; None for a folder, and for what is refused.
    """

    name: str
    n_bytes: int
    why: str
    open: Callable[[], BinaryIO] | None


def unpack(archive: Path, folder: Path) -> None:
    """Writes the files that an archive holds into an empty folder, with none of their rights or dates.

    Raises:
        DataError: it is no archive, cut off or damaged; it holds links, encrypted members, or paths that
            leave it; or too much would come out of it.
    """
    n_compressed = archive.stat().st_size
    left = most_bytes(n_compressed)
    limit = left
    try:
        with closing(_members(archive, n_compressed)) as members:
            for n_members, member in enumerate(members, 1):
                _check(member, archive)
                if n_members > MAX_MEMBERS:
                    raise DataError(
                        f"{archive} holds more than {MAX_MEMBERS:,} files; unpack it yourself and give the folder."
                    )
                if member.n_bytes > left:
                    raise too_large(str(archive), limit - left + member.n_bytes, n_compressed)
                left -= _write(member, folder, left, str(archive), n_compressed)
    except DAMAGED as error:
        raise DataError(
            f"{archive} is an archive that is cut off, damaged or of an unknown form ({error}). Fetch or make "
            "it again."
        ) from error
    except OSError as error:
        raise DataError(
            f"{archive} cannot be unpacked ({error.strerror or error}). Unpack it yourself and give the folder."
        ) from error


def _check(member: _Member, archive: Path) -> None:
    if member.why or not stays_inside(member.name):
        raise DataError(
            f"{archive} holds {member.name!r}, which {member.why or 'leaves the archive'}. Make the archive again "
            "with plain files and relative paths."
        )


def _write(member: _Member, folder: Path, most: int, name: str, n_compressed: int) -> int:
    """Writes one file or folder, and says how many bytes it has."""
    target = folder / member.name.replace("\\", "/")
    if member.open is None:
        target.mkdir(parents=True, exist_ok=True)
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with member.open() as content, target.open("wb") as file:
        return copy_limited(content, cast(BinaryIO, file), lambda: most, name, n_compressed)


def _members(archive: Path, n_compressed: int) -> Generator[_Member]:
    head = head_of(archive)
    if archive.suffix.lower() == ".zip":
        if not head.startswith(b"PK"):
            raise DataError(
                f"{archive} should be a ZIP archive, but it is {looks_like(head)}. Check the file."
            )
        yield from _of_zip(archive, n_compressed)
    else:
        is_gzip = head.startswith(b"\x1f\x8b")
        if not is_gzip and not tarfile.is_tarfile(archive):
            raise DataError(
                f"{archive} should be a TAR archive, but it is {looks_like(head)}. Check the file."
            )
        yield from _of_tar(archive, n_compressed, is_gzip)


def _of_zip(archive: Path, n_compressed: int) -> Generator[_Member]:
    with zipfile.ZipFile(archive) as file:
        check_sizes(file, archive, n_compressed)
        for info in file.infolist():
            is_link = stat.S_ISLNK(info.external_attr >> 16)
            why = "is encrypted" if info.flag_bits & _ENCRYPTED else "is a link" if is_link else ""
            is_read = not why and not info.is_dir()
            open_it = cast("Callable[[], BinaryIO]", partial(file.open, info)) if is_read else None
            yield _Member(info.filename, info.file_size, why, open_it)


def check_sizes(file: zipfile.ZipFile, name: Path, n_compressed: int) -> None:
    """Refuses a ZIP archive, before any of it is read, whose own table says that too much would come out."""
    n_bytes = sum(info.file_size for info in file.infolist())
    if n_bytes > most_bytes(n_compressed):
        raise too_large(str(name), n_bytes, n_compressed)


class _Counted:
    """A stream that refuses to give more than it may: headers, too, can be made to hold any amount."""

    def __init__(self, stream: BinaryIO, limit: Callable[[], int], name: str, n_compressed: int) -> None:
        self.stream, self.limit, self.n_bytes = stream, limit, 0
        self.name, self.n_compressed = name, n_compressed

    def read(self, n_bytes: int) -> bytes:
        block = self.stream.read(n_bytes)
        self.n_bytes += len(block)
        if self.n_bytes > self.limit():
            raise too_large(self.name, self.n_bytes, self.n_compressed)
        return block


class _Header(tarfile.TarInfo):
    """A header of a TAR archive; those that hold names are read whole, and must not be large."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.type in _HOLD_NAMES and header.size > MAX_NAMES_BYTES:
            raise tarfile.HeaderError(f"a name of {header.size} bytes")
        return header


def _of_tar(archive: Path, n_compressed: int, is_gzip: bool) -> Generator[_Member]:
    with archive.open("rb") as packed, cast(BinaryIO, gzip.open(packed) if is_gzip else packed) as stream:
        counted = _Counted(
            stream, lambda: most_bytes(packed.tell()) if is_gzip else MAX_BYTES, str(archive), n_compressed
        )
        with tarfile.open(fileobj=cast(BinaryIO, counted), mode="r|", tarinfo=_Header) as file:
            for info in file:
                is_plain = info.isfile() or info.isdir()
                open_it = cast("Callable[[], BinaryIO]", partial(file.extractfile, info))
                why = "" if is_plain else "is no plain file"
                yield _Member(info.name, info.size, why, open_it if info.isfile() else None)
